/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "aio-guest-fork-private.h"
#include "aio-guest-poll-set-private.h"
#include "aio-guest-pump-thread-private.h"
#include "aio-guest-pump.h"
#include "aio-guest-timer-private.h"
#include "aio-guest-wakeup-private.h"

/**
 * AioGuestPump:
 *
 * Lets any event loop, the host, run a [struct@GLib.MainContext]. GLib and Gio work inside the host then.
 *
 * The host watches the pump's descriptor, see [method@Pump.get_fd]. While it is readable, the host
 * calls [method@Pump.dispatch], which does one turn of the main context without blocking. A host that
 * can't watch a descriptor has the pump notify it from a thread, see [method@Pump.start_thread].
 *
 * A turn can leave more to do. Then [method@Pump.dispatch] returns %AIO_GUEST_PUMP_RESULT_AGAIN, and the
 * host should call it again when everything else in the host has had a turn: from an idle callback, or
 * from the end of its queue. Meanwhile the descriptor is not readable, so that a busy main context
 * does not keep the host from anything. It becomes readable after 5 ms, in case the host is never idle.
 *
 * The main context should be one of its own, made with %G_MAIN_CONTEXT_FLAGS_OWNERLESS_POLLING. With
 * other main contexts a source that the host attaches between two dispatches, on its own thread, is
 * noticed only when something else is ready.
 *
 * A dispatch may run a nested loop of the host's. The descriptor is readable then, and the host can
 * dispatch in there.
 *
 * In the child of a fork the pump does nothing any more. The parent's is not disturbed.
 *
 * All functions belong to the thread of the host's loop. Pumps need epoll and timerfd, that is Linux.
 *
 * Since: 1.0
 */

/* Microseconds: how long the descriptor is not readable if there is more to do. */
#define PERIOD (5 * G_TIME_SPAN_MILLISECOND)

struct _AioGuestPump
{
  GObject parent_instance;

  GMainContext *context;
  AioGuestPollSet *set; /* NULL once the pump is destroyed */
  AioGuestTimer *timer;
  AioGuestWakeup *wakeup;
  AioGuestPumpThread *thread; /* NULL if the host watches the descriptor */
  guint fork_generation;
  gboolean signalled; /* @wakeup is readable */

  /* What the last prepare and query of the main context has given. */
  gboolean prepared; /* no dispatch has used it yet */
  int priority;
  GPollFD *fds;
  int n_fds;
  int n_fds_allocated;
};

G_DEFINE_FINAL_TYPE (AioGuestPump, aio_guest_pump, G_TYPE_OBJECT)

static gboolean
is_forked (AioGuestPump *self)
{
  return self->fork_generation != aio_guest_fork_generation ();
}

static void
aio_guest_pump_finalize (GObject *object)
{
  AioGuestPump *self = AIO_GUEST_PUMP (object);

  aio_guest_pump_destroy (self);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self->fds);

  G_OBJECT_CLASS (aio_guest_pump_parent_class)->finalize (object);
}

static void
aio_guest_pump_class_init (AioGuestPumpClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = aio_guest_pump_finalize;
}

static void
aio_guest_pump_init (AioGuestPump *self)
{
  self->fork_generation = aio_guest_fork_watch ();
}

static void
signal_wakeup (AioGuestPump *self)
{
  if (!self->signalled)
    aio_guest_wakeup_signal (self->wakeup);
  self->signalled = TRUE;
}

static void
acknowledge_wakeup (AioGuestPump *self)
{
  if (self->signalled)
    aio_guest_wakeup_acknowledge (self->wakeup);
  self->signalled = FALSE;
}

static gboolean
open_descriptors (AioGuestPump *self, GError **error)
{
  if ((self->set = aio_guest_poll_set_new (error)) == NULL ||
      (self->wakeup = aio_guest_wakeup_new (AIO_GUEST_WAKEUP_BEST, error)) == NULL)
    return FALSE;

  if ((self->timer = aio_guest_timer_new ()) == NULL)
    {
      g_set_error_literal (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM, "can't make a timer");
      return FALSE;
    }

  return aio_guest_poll_set_add_permanent (self->set, aio_guest_timer_get_fd (self->timer), error) &&
         aio_guest_poll_set_add_permanent (self->set, aio_guest_wakeup_get_fd (self->wakeup), error);
}

/**
 * aio_guest_pump_new:
 * @context: the main context to host
 * @error: return location for a #GError
 *
 * Creates a pump. Its descriptor is readable until the first dispatch.
 *
 * Returns: (transfer full): a new pump; %NULL, with @error set, if the system refuses a descriptor
 *
 * Since: 1.0
 */
AioGuestPump *
aio_guest_pump_new (GMainContext *context, GError **error)
{
  g_return_val_if_fail (context != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  g_autoptr (AioGuestPump) self = g_object_new (AIO_GUEST_TYPE_PUMP, NULL);

  self->context = g_main_context_ref (context);

  if (!open_descriptors (self, error))
    return NULL;

  signal_wakeup (self);

  return g_steal_pointer (&self);
}

/**
 * aio_guest_pump_get_main_context:
 * @self: a pump
 *
 * Gets the main context that the pump dispatches.
 *
 * Returns: (transfer none): the main context
 *
 * Since: 1.0
 */
GMainContext *
aio_guest_pump_get_main_context (AioGuestPump *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_PUMP (self), NULL);

  return self->context;
}

/**
 * aio_guest_pump_get_fd:
 * @self: a pump
 *
 * Gets the descriptor that is readable when [method@Pump.dispatch] is to be called. It stays the same
 * and belongs to the pump. It is close-on-exec. There is nothing to read from it.
 *
 * Returns: the descriptor; -1 after [method@Pump.destroy]
 *
 * Since: 1.0
 */
int
aio_guest_pump_get_fd (AioGuestPump *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_PUMP (self), -1);

  return self->set != NULL ? aio_guest_poll_set_get_fd (self->set) : -1;
}

/* Has the main context say what it waits for, and the descriptor be readable when that has come.
 * Returns whether there is something to do already. */
static gboolean
prepare (AioGuestPump *self)
{
  int timeout;
  gboolean ready = g_main_context_prepare (self->context, &self->priority);

  /* It returns how many there are, which can be more than there was room for. */
  while ((self->n_fds = g_main_context_query (self->context, self->priority, &timeout, self->fds,
                                              self->n_fds_allocated)) > self->n_fds_allocated)
    {
      self->fds = g_renew (GPollFD, self->fds, self->n_fds);
      self->n_fds_allocated = self->n_fds;
    }

  self->prepared = TRUE;

  if (aio_guest_poll_set_update (self->set, self->fds, (guint) self->n_fds))
    ready = TRUE;
  ready = ready || timeout == 0 || aio_guest_poll_set_is_ready (self->set);

  const gint64 delay = ready ? PERIOD : timeout * G_TIME_SPAN_MILLISECOND;

  aio_guest_poll_set_mute (self->set, ready);
  aio_guest_timer_set (self->timer, delay >= 0 ? g_get_monotonic_time () + delay : -1);

  return ready;
}

/* One turn of the main context, whose owner this thread is. */
static AioGuestPumpResult
turn (AioGuestPump *self)
{
  /* In a dispatch inside the dispatch around it, which has used what was prepared. */
  if (!self->prepared)
    prepare (self);

  g_poll (self->fds, (guint) self->n_fds, 0);

  self->prepared = FALSE;
  if (g_main_context_check (self->context, self->priority, self->fds, self->n_fds))
    {
      /* Nobody watches the descriptor from here on, but for a nested loop of the host's. A thread
       * finds out by itself. */
      if (self->thread == NULL)
        signal_wakeup (self);

      g_main_context_dispatch (self->context);
    }

  if (self->set == NULL)
    return AIO_GUEST_PUMP_RESULT_WAIT;

  acknowledge_wakeup (self);

  return prepare (self) ? AIO_GUEST_PUMP_RESULT_AGAIN : AIO_GUEST_PUMP_RESULT_WAIT;
}

/**
 * aio_guest_pump_dispatch:
 * @self: a pump
 *
 * Does one turn of the main context, which it never waits for. The main context is the
 * thread-default one during it. It may be called in a nested loop inside itself.
 *
 * Returns: what the pump waits for; always %AIO_GUEST_PUMP_RESULT_WAIT after [method@Pump.destroy] and in
 *   the child of a fork
 *
 * Since: 1.0
 */
AioGuestPumpResult
aio_guest_pump_dispatch (AioGuestPump *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_PUMP (self), AIO_GUEST_PUMP_RESULT_WAIT);

  if (self->set == NULL || is_forked (self))
    return AIO_GUEST_PUMP_RESULT_WAIT;

  if (!g_main_context_acquire (self->context))
    {
      g_critical ("aio_guest_pump_dispatch(): another thread owns the main context");
      return AIO_GUEST_PUMP_RESULT_WAIT;
    }

  g_object_ref (self);
  if (self->thread != NULL)
    aio_guest_pump_thread_begin_dispatch (self->thread);
  g_main_context_push_thread_default (self->context);

  const AioGuestPumpResult result = turn (self);

  g_main_context_pop_thread_default (self->context);
  if (self->thread != NULL)
    aio_guest_pump_thread_end_dispatch (self->thread);
  g_main_context_release (self->context);
  g_object_unref (self);

  return result;
}

/**
 * aio_guest_pump_start_thread:
 * @self: a pump
 * @notify: (scope notified) (closure user_data) (destroy destroy): has the host dispatch
 * @user_data: data for @notify
 * @destroy: (nullable): frees @user_data
 * @error: return location for a #GError
 *
 * Starts a thread that waits for the pump's descriptor, for a host that can't watch it. The thread
 * calls @notify whenever the host should call [method@Pump.dispatch]. It blocks all signals.
 *
 * [method@Pump.destroy] ends the thread. @destroy is called in there; but if the thread is in @notify at
 * that time, it is called on the thread after @notify has returned.
 *
 * Returns: %TRUE; %FALSE, with @error set, if the system refuses the thread
 *
 * Since: 1.0
 */
gboolean
aio_guest_pump_start_thread (AioGuestPump *self,
                             AioGuestPumpNotify notify,
                             gpointer user_data,
                             GDestroyNotify destroy,
                             GError **error)
{
  g_return_val_if_fail (AIO_GUEST_IS_PUMP (self), FALSE);
  g_return_val_if_fail (notify != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  g_return_val_if_fail (self->set != NULL && self->thread == NULL, FALSE);

  self->thread = aio_guest_pump_thread_new (aio_guest_poll_set_get_fd (self->set), notify, user_data, destroy, error);

  return self->thread != NULL;
}

/**
 * aio_guest_pump_destroy:
 * @self: a pump
 *
 * Ends the pump's thread and closes its descriptor, which the host must not watch any more. The main
 * context is left as it is. It may be called in a dispatch, and more than once. A pump that is not
 * used any more is destroyed in any case.
 *
 * Since: 1.0
 */
void
aio_guest_pump_destroy (AioGuestPump *self)
{
  g_return_if_fail (AIO_GUEST_IS_PUMP (self));

  g_clear_pointer (&self->thread, aio_guest_pump_thread_end);
  g_clear_pointer (&self->timer, aio_guest_timer_free);
  g_clear_pointer (&self->wakeup, aio_guest_wakeup_free);
  g_clear_pointer (&self->set, aio_guest_poll_set_free);
}
