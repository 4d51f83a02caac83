/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-debug-private.h"
#include "aio-guest-error.h"
#include "aio-guest-poller-private.h"
#include "aio-guest-run-private.h"
#include "aio-guest-source-private.h"

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

enum
{
  FINISHED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];
static gsize n_threads; /* atomic */

__thread gsize aio_guest_run_this_thread;

/* In a forked child a run lives on as a copy. It must not tell the guest that it is over: tidying
 * up there would reach into the parent, whose epoll set and descriptors the child shares. */
static gboolean
is_copy (AioGuestRun *self)
{
  return self->owner != 0 && self->fork_generation != aio_guest_fork_generation ();
}

static void
release_guest (AioGuestRun *self)
{
  GDestroyNotify destroy = g_steal_pointer (&self->destroy);
  gpointer user_data = g_steal_pointer (&self->user_data);

  self->tick = NULL;
  self->peek = NULL;

  if (destroy != NULL)
    destroy (user_data);
}

static void
aio_guest_run_finalize (GObject *object)
{
  AioGuestRun *self = AIO_GUEST_RUN (object);

  /* The source holds a reference, so by now there is none. */
  g_assert (self->source == NULL);

  if (!is_copy (self))
    {
      release_guest (self);
      g_mutex_clear (&self->lock);
    }

  g_clear_object (&self->poller);
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

  /**
   * AioGuestRun::finished:
   * @self: the run
   * @error: (nullable): why the run ended, or %NULL if the guest came to its end
   *
   * Emitted once, when the run is over and none of its ticks is going on.
   *
   * It is emitted on the owner thread, but for two errors: %AIO_GUEST_ERROR_ABANDONED comes from
   * whatever thread dropped the main context, and %AIO_GUEST_ERROR_WRONG_THREAD from the one that
   * iterated it.
   *
   * Since: 1.0
   */
  signals[FINISHED] = g_signal_new ("finished", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
aio_guest_run_init (AioGuestRun *self)
{
  self->name = g_strdup ("guest");
  self->slice = DEFAULT_SLICE;
  self->period = DEFAULT_PERIOD;
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

/* The life of a run */

static void
set_state (AioGuestRun *self, AioGuestRunState state)
{
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), aio_guest_run_props[PROP_STATE]);
}

/**
 * aio_guest_run_attach:
 * @self: a run that is not attached
 * @context: (nullable): the host; %NULL for the default main context
 * @error: return location for a #GError
 *
 * Makes the guest run whenever @context is iterated.
 *
 * The calling thread becomes the run's owner, and is the one that is to iterate @context. The
 * main context holds a reference to the run until it ends. If nobody takes an interest in
 * [signal@Run::finished], a run that fails says so by a warning.
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

/* From now on @source serves the run. */
gboolean
aio_guest_run_begin (AioGuestRun *self, GSource *source, GError **error)
{
  if (self->state != AIO_GUEST_RUN_STATE_NEW)
    {
      g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_STATE,
                   "run \"%s\" was attached before; a run is used once", self->name);
      return FALSE;
    }

  if (self->poller == NULL)
    {
      g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_STATE,
                   "run \"%s\" has no guest; make it with its poller and tick function",
                   self->name);
      return FALSE;
    }

  if (!aio_guest_poller_start (self->poller, error))
    return FALSE;

  if (aio_guest_run_this_thread == 0)
    aio_guest_run_this_thread = g_atomic_pointer_add (&n_threads, 1) + 1;
  self->owner = aio_guest_run_this_thread;
  self->fork_generation = aio_guest_fork_watch ();

  g_mutex_lock (&self->lock);
  self->source = g_source_ref (source);
  g_mutex_unlock (&self->lock);

  AIO_GUEST_DEBUG (RUNS, self, "attached: priority %d, slice %u us, period %u us, descriptor %d (%s)",
                   self->priority, self->slice, self->period,
                   aio_guest_poller_get_fd (self->poller),
                   aio_guest_poller_get_mode (self->poller) == AIO_GUEST_POLL_MODE_THREAD
                     ? "thread"
                     : "direct");

  set_state (self, AIO_GUEST_RUN_STATE_RUNNING);
  return TRUE;
}

static void
emit_finished (AioGuestRun *self)
{
  if (self->error != NULL && !g_signal_has_handler_pending (self, signals[FINISHED], 0, TRUE))
    g_warning ("AioGuest: run \"%s\" failed: %s", self->name, self->error->message);

  g_signal_emit (self, signals[FINISHED], 0, self->error);
  release_guest (self);
}

/* Takes over @error. The owner thread, or whichever drops the main context. */
void
aio_guest_run_end (AioGuestRun *self, GError *error)
{
  g_autoptr (AioGuestRun) keep G_GNUC_UNUSED = g_object_ref (self);
  g_autoptr (GSource) source = NULL;

  g_assert (self->state != AIO_GUEST_RUN_STATE_FINISHED);

  /*
   * thread A (owner)                     thread B
   *                                      wake(): source = ref (self->source)
   * source = NULL; destroy
   *                                      ready time of a destroyed source = 0
   *
   * which is harmless, because B has a reference. In a copy the lock may have been copied locked,
   * and there is no B.
   */
  if (!is_copy (self))
    g_mutex_lock (&self->lock);
  source = g_steal_pointer (&self->source);
  if (!is_copy (self))
    g_mutex_unlock (&self->lock);

  AIO_GUEST_DEBUG (RUNS, self, "ended after %" G_GUINT64_FORMAT " ticks: %s", self->ticks,
                   error != NULL ? error->message : "finished");

  self->error = error;
  self->has_ended = !is_copy (self);
  set_state (self, AIO_GUEST_RUN_STATE_FINISHED);

  if (source != NULL)
    aio_guest_source_close (source);
  if (self->poller != NULL)
    aio_guest_poller_stop (self->poller);

  /* Inside a tick the guest can't be taken down yet. */
  if (self->depth == 0 && self->has_ended)
    {
      self->has_ended = FALSE;
      emit_finished (self);
    }
}

/* The source was destroyed, by ourselves or behind our back. */
void
aio_guest_run_source_gone (AioGuestRun *self)
{
  if (self->state != AIO_GUEST_RUN_STATE_RUNNING)
    return;

  aio_guest_run_end (self, g_error_new (AIO_GUEST_ERROR, AIO_GUEST_ERROR_ABANDONED,
                                        "the main context of run \"%s\" went away, or its "
                                        "source was destroyed, before the guest had finished",
                                        self->name));
}

/**
 * aio_guest_run_stop:
 * @self: a run
 *
 * Ends the run at once, without asking the guest.
 *
 * Called from inside a tick, it takes effect when that tick is back. A run that was not attached
 * can't be attached any more. Does nothing if the run is over.
 *
 * Since: 1.0
 */
void
aio_guest_run_stop (AioGuestRun *self)
{
  g_return_if_fail (AIO_GUEST_IS_RUN (self));

  if (self->state != AIO_GUEST_RUN_STATE_FINISHED)
    aio_guest_run_end (self, NULL);
}

/**
 * aio_guest_run_wake:
 * @self: a run
 *
 * Has the guest ticked in the host's next turn.
 *
 * May be called from any thread, and any number of times; what was done before the call is seen
 * by the tick that follows. The caller holds a reference to @self. Does nothing if the
 * run is not attached.
 *
 * Since: 1.0
 */
void
aio_guest_run_wake (AioGuestRun *self)
{
  g_autoptr (GSource) source = NULL;

  g_return_if_fail (AIO_GUEST_IS_RUN (self));

  /* Whoever was first to set it has set the ready time, or is just about to. */
  if (!g_atomic_int_compare_and_exchange (&self->woken, FALSE, TRUE))
    return;

  AIO_GUEST_DEBUG (WAKES, self, "woken");

  g_mutex_lock (&self->lock);
  if (self->source != NULL)
    source = g_source_ref (self->source);
  g_mutex_unlock (&self->lock);

  if (source != NULL)
    g_source_set_ready_time (source, 0);
}

/* What the source asks for */

AioGuestTick
aio_guest_run_tick (AioGuestRun *self, gint64 slice_end, gint64 *next_ready_time, GError **error)
{
  AioGuestTick tick = self->tick (self, slice_end, next_ready_time, self->user_data, error);

  self->ticks++;

  /* Some bindings can't set an error. */
  if (tick == AIO_GUEST_TICK_FAILED && error != NULL && *error == NULL)
    g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_FAILED, "the guest's tick failed");

  return tick;
}

void
aio_guest_run_leave (AioGuestRun *self, gint64 elapsed, gboolean deferred)
{
  GObject *object = (GObject *) self;

  g_assert (self->depth > 0);
  self->depth--;

  self->busy_time += elapsed;
  g_object_notify_by_pspec (object, aio_guest_run_props[PROP_TICKS]);
  g_object_notify_by_pspec (object, aio_guest_run_props[PROP_BUSY_TIME]);

  if (elapsed > self->longest_tick)
    {
      self->longest_tick = elapsed;
      g_object_notify_by_pspec (object, aio_guest_run_props[PROP_LONGEST_TICK]);
    }

  if (deferred)
    {
      self->deferred_slices++;
      g_object_notify_by_pspec (object, aio_guest_run_props[PROP_DEFERRED_SLICES]);
    }

  if (self->depth == 0 && self->has_ended)
    {
      self->has_ended = FALSE;
      emit_finished (self);
    }
}

/**
 * aio_guest_run_restart_slice:
 * @self: a run whose tick is going on
 *
 * Begins the slice anew, for a tick that had to wait for a lock first: neither the slice nor
 * what is charged to the guest then includes the wait.
 *
 * Returns: the new end of the slice, in [func@GLib.get_monotonic_time] terms
 *
 * Since: 1.0
 */
gint64
aio_guest_run_restart_slice (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), 0);
  g_return_val_if_fail (self->depth > 0, 0);

  /* A nested tick may have ended the run: then the slice is over, too. */
  return self->source != NULL ? aio_guest_source_restart_slice (self->source) : 0;
}
