/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-debug-private.h"
#include "aio-guest-error.h"
#include "aio-guest-poller.h"
#include "aio-guest-run-fields-private.h"
#include "aio-guest-source.h"

/**
 * AioGuestRun:
 *
 * One run of a foreign event loop, the *guest*, inside a [struct@GLib.MainContext], the *host*.
 *
 * The guest offers a descriptor that becomes readable when it has I/O to handle (see
 * [class@Poller]) and a [callback@TickFunc] that runs what is ready without blocking. The run
 * calls the tick from the dispatch of the host's main context whenever there is something to
 * do, and sees to it that neither starves the other: after a *slice* of time the guest lets
 * everything else of the host go first, frames and idle callbacks included, but has a slice
 * again in each *period* whatever the host does. Sources of a lower priority than idle callbacks
 * still get a turn now and then.
 *
 * ```c
 * g_autoptr (AioGuestPoller) poller =
 *   aio_guest_poller_new (backend_fd, AIO_GUEST_POLL_MODE_AUTO, &error);
 * g_autoptr (AioGuestRun) run = aio_guest_start (poller, tick, loop, NULL, &error);
 *
 * g_main_loop_run (main_loop);
 * ```
 *
 * A run belongs to the thread that attached it: that thread iterates the main context, and all
 * functions but [method@Run.wake] are for it alone. After a fork the run does nothing in
 * the child.
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (AioGuestRun, aio_guest_run, G_TYPE_OBJECT)

static void
aio_guest_run_finalize (GObject *object)
{
  AioGuestRun *self = AIO_GUEST_RUN (object);

  /* The source holds a reference, so by now there is none. */
  g_assert (self->source == NULL);

  if (!aio_guest_run_is_copy (self))
    {
      aio_guest_run_release_guest (self);
      g_mutex_clear (&self->lock);
    }

  g_clear_object (&self->poller);
  g_clear_pointer (&self->wakeup, aio_guest_wakeup_free);
  g_clear_error (&self->error);
  g_free (self->name);

  G_OBJECT_CLASS (aio_guest_run_parent_class)->finalize (object);
}

static void
aio_guest_run_class_init (AioGuestRunClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = aio_guest_run_finalize;

  aio_guest_debug_init ();
  aio_guest_run_install_properties (object_class);
  aio_guest_run_install_signals (object_class);
}

static void
aio_guest_run_init (AioGuestRun *self)
{
  self->name = g_strdup ("guest");
  self->slice = DEFAULT_SLICE;
  self->period = DEFAULT_PERIOD;
  self->resting_depth = -1;
  self->fork_generation = aio_guest_fork_watch ();
  g_mutex_init (&self->lock);
}

/**
 * aio_guest_run_new: (constructor)
 * @poller: watches the guest's descriptors; not to be shared with another run
 * @tick: (scope notified) (closure user_data) (destroy destroy): runs what is ready in the guest
 * @user_data: the guest
 * @destroy: (nullable): releases @user_data after the run
 *
 * Creates a run that is not attached yet.
 *
 * Returns: (transfer full): a new run
 *
 * Since: 1.0
 */
AioGuestRun *
aio_guest_run_new (AioGuestPoller *poller,
                   AioGuestTickFunc tick,
                   gpointer user_data,
                   GDestroyNotify destroy)
{
  g_return_val_if_fail (AIO_GUEST_IS_POLLER (poller), NULL);
  g_return_val_if_fail (tick != NULL, NULL);

  AioGuestRun *self = g_object_new (AIO_GUEST_TYPE_RUN, NULL);

  self->poller = g_object_ref (poller);
  self->tick = tick;
  self->user_data = user_data;
  self->destroy = destroy;

  return self;
}

/**
 * aio_guest_start:
 * @poller: watches the guest's descriptors; not to be shared with another run
 * @tick: (scope notified) (closure user_data) (destroy destroy): runs what is ready in the guest
 * @user_data: the guest
 * @destroy: (nullable): releases @user_data after the run
 * @error: return location for a #GError
 *
 * Creates a run and attaches it to the thread-default main context.
 *
 * The run goes on even if the caller drops it.
 *
 * In Python this name is that of a function which takes a coroutine; there, use
 * [ctor@Run.new] and [method@Run.attach].
 *
 * Returns: (transfer full): a new run; %NULL, with @error set, if it can't be attached
 *
 * Since: 1.0
 */
AioGuestRun *
aio_guest_start (AioGuestPoller *poller,
                 AioGuestTickFunc tick,
                 gpointer user_data,
                 GDestroyNotify destroy,
                 GError **error)
{
  g_return_val_if_fail (AIO_GUEST_IS_POLLER (poller), NULL);
  g_return_val_if_fail (tick != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr (AioGuestRun) self = aio_guest_run_new (poller, tick, user_data, destroy);

  if (!aio_guest_run_attach (self, context, error))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * aio_guest_run_set_peek: (skip)
 * @self: a run that is not attached
 * @peek: (scope forever) (nullable): answers whether the guest has work
 *
 * Sets the function that tells of work for which there is no descriptor and no deadline, such as
 * a callback that the host's code has put into the guest's queue. It is given the run's user
 * data. A guest without one calls [method@Run.wake] instead.
 *
 * Since: 1.0
 */
void
aio_guest_run_set_peek (AioGuestRun *self, AioGuestPeekFunc peek)
{
  g_return_if_fail (AIO_GUEST_IS_RUN (self));
  g_return_if_fail (self->state == AIO_GUEST_RUN_STATE_NEW);

  self->peek = peek;
}

/**
 * aio_guest_run_attach:
 * @self: a run that is not attached
 * @context: (nullable): the host; %NULL for the default main context
 * @error: return location for a #GError
 *
 * Makes the guest run whenever @context is iterated.
 *
 * The calling thread becomes the run's owner, and must be the one that iterates @context. The
 * main context holds a reference to the run until the run ends. If no handler is connected to
 * [signal@Run::finished], a run that fails is reported by a warning.
 *
 * Returns: whether the run was attached
 *
 * Since: 1.0
 */
gboolean
aio_guest_run_attach (AioGuestRun *self, GMainContext *context, GError **error)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!g_main_context_acquire (context))
    {
      g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_THREAD,
                   "the main context is owned by another thread; attach the run there");
      return FALSE;
    }

  g_autoptr (GSource) source = aio_guest_source_new (self, error);

  if (source != NULL)
    g_source_attach (source, context);

  g_main_context_release (context);

  return source != NULL;
}

/**
 * aio_guest_run_get_poller:
 * @self: a run
 *
 * Gets what watches the guest's descriptors.
 *
 * Returns: (transfer none) (nullable): the poller; %NULL if the run was made without a guest
 *
 * Since: 1.0
 */
AioGuestPoller *
aio_guest_run_get_poller (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), NULL);

  return self->poller;
}

/**
 * aio_guest_run_get_main_context:
 * @self: a run
 *
 * Gets the main context that the run is going on in.
 *
 * The run holds no reference to it: when whoever does drops the main context the run is over.
 *
 * Returns: (transfer none) (nullable): the main context; %NULL if the run is not attached, or is
 *   over
 *
 * Since: 1.0
 */
GMainContext *
aio_guest_run_get_main_context (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), NULL);

  /* While a main context is being freed its sources belong to none. */
  if (self->source == NULL || g_source_is_destroyed (self->source))
    return NULL;

  return g_source_get_context (self->source);
}

/**
 * aio_guest_run_get_state:
 * @self: a run
 *
 * Gets where in its life the run is.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
AioGuestRunState
aio_guest_run_get_state (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), AIO_GUEST_RUN_STATE_NEW);

  return self->state;
}

/**
 * aio_guest_run_get_error:
 * @self: a run
 *
 * Gets why the run ended.
 *
 * Returns: (transfer none) (nullable): the error, or %NULL if the run goes on or the guest came
 *   to its end
 *
 * Since: 1.0
 */
const GError *
aio_guest_run_get_error (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), NULL);

  return self->error;
}

/**
 * aio_guest_run_get_poll_mode:
 * @self: a run
 *
 * Gets how the guest's descriptors are watched.
 *
 * Returns: the mode
 *
 * Since: 1.0
 */
AioGuestPollMode
aio_guest_run_get_poll_mode (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), AIO_GUEST_POLL_MODE_AUTO);

  return self->poller != NULL ? aio_guest_poller_get_mode (self->poller)
                              : AIO_GUEST_POLL_MODE_AUTO;
}
