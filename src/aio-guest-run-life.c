/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-debug-private.h"
#include "aio-guest-error.h"
#include "aio-guest-poller-private.h"
#include "aio-guest-run-private.h"

/*
 * The life of a run: it begins with its source, and is over when its guest, its host or its owner
 * say so. What its source asks for in between is here, too.
 */

static gsize n_threads; /* atomic */

__thread gsize aio_guest_run_this_thread;

static gboolean
open_wakeup (AioGuestRun *self, GError **error)
{
  AioGuestWakeup *wakeup = aio_guest_wakeup_new (AIO_GUEST_WAKEUP_BEST, error);

  g_mutex_lock (&self->lock);
  self->wakeup = wakeup;
  g_mutex_unlock (&self->lock);

  return wakeup != NULL;
}

/* When nobody polls it any more. A copy keeps its own: its lock may have been copied locked. */
void
aio_guest_run_close_wakeup (AioGuestRun *self)
{
  if (aio_guest_run_is_copy (self))
    return;

  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->wakeup, aio_guest_wakeup_free);
  g_mutex_unlock (&self->lock);
}

/* From now on @source serves the run. */
gboolean
aio_guest_run_begin (AioGuestRun *self,
                     GSource *source,
                     const AioGuestSourceFuncs *source_funcs,
                     GError **error)
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

  if (!open_wakeup (self, error))
    return FALSE;

  if (!aio_guest_poller_start (self->poller, error))
    {
      aio_guest_run_close_wakeup (self);
      return FALSE;
    }

  if (aio_guest_run_this_thread == 0)
    aio_guest_run_this_thread = g_atomic_pointer_add (&n_threads, 1) + 1;
  self->owner = aio_guest_run_this_thread;
  g_atomic_int_set (&self->fork_generation, aio_guest_fork_watch ());

  self->source = g_source_ref (source);
  self->source_funcs = source_funcs;

  AIO_GUEST_DEBUG (RUNS, self, "attached: priority %d, slice %u us, period %u us, descriptor %d (%s)",
                   self->priority, self->slice, self->period,
                   aio_guest_poller_get_fd (self->poller),
                   aio_guest_poller_get_mode (self->poller) == AIO_GUEST_POLL_MODE_THREAD
                     ? "thread"
                     : "direct");

  aio_guest_run_set_state (self, AIO_GUEST_RUN_STATE_RUNNING);
  return TRUE;
}

static void
emit_finished (AioGuestRun *self)
{
  if (self->error != NULL && !g_signal_has_handler_pending (self, aio_guest_run_finished, 0, TRUE))
    g_warning ("AioGuest: run \"%s\" failed: %s", self->name, self->error->message);

  g_signal_emit (self, aio_guest_run_finished, 0, self->error);
  aio_guest_run_release_guest (self);
}

/* Takes over @error. The owner thread, or whichever drops the main context. */
void
aio_guest_run_end (AioGuestRun *self, GError *error)
{
  g_autoptr (AioGuestRun) keep G_GNUC_UNUSED = g_object_ref (self);
  g_autoptr (GSource) source = g_steal_pointer (&self->source);

  g_assert (self->state != AIO_GUEST_RUN_STATE_FINISHED);

  AIO_GUEST_DEBUG (RUNS, self, "ended after %" G_GUINT64_FORMAT " ticks: %s", self->ticks,
                   error != NULL ? error->message : "finished");

  self->error = error;
  self->has_ended = !aio_guest_run_is_copy (self);
  if (!self->has_ended)
    self->state = AIO_GUEST_RUN_STATE_FINISHED;
  else
    aio_guest_run_set_state (self, AIO_GUEST_RUN_STATE_FINISHED);

  if (source != NULL)
    self->source_funcs->close (source);
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

/* On another thread than its own the guest must not be taken down. A forked child has none to do it
 * for, whichever of the parent's threads it has come from. Unused without checks of arguments. */
G_GNUC_UNUSED static gboolean
may_stop (AioGuestRun *self)
{
  return self->state != AIO_GUEST_RUN_STATE_RUNNING || aio_guest_run_is_copy (self) ||
         aio_guest_run_is_owner (self);
}

/**
 * aio_guest_run_stop:
 * @self: a run
 *
 * Ends the run at once, without asking the guest. On the owner thread only; another thread has the
 * owner call it, by [method@GLib.MainContext.invoke], say.
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
  g_return_if_fail (may_stop (self));

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
  g_return_if_fail (AIO_GUEST_IS_RUN (self));

  /* In a forked child, where the descriptor is the parent's and the lock may have been copied locked. */
  if ((guint) g_atomic_int_get (&self->fork_generation) != aio_guest_fork_generation ())
    return;

  /* Whoever was first to set it has signalled, or is just about to. */
  if (!g_atomic_int_compare_and_exchange (&self->woken, FALSE, TRUE))
    return;

  AIO_GUEST_DEBUG (WAKES, self, "woken");

  /*
   * thread A (owner)                     thread B
   *                                      wake(): ready time = 0, which since GLib 2.86
   *                                        holds the context
   * unref (context): not the last
   *                                        drops the context, the last
   *                                          its sources are destroyed
   *                                            end(), and ::finished
   *
   * With a ready time a run could so end on B. And before GLib 2.86 A could free the context while B
   * uses it. So B touches neither source nor context: it writes to a descriptor of the run's own,
   * which the source polls. The lock keeps that open meanwhile; nothing is called under it.
   *
   * thread A (owner)                     thread B
   * prepare(): not woken
   *                                      woken = TRUE; signal
   * poll(): readable, at once
   * check(): acknowledge; woken
   *
   * If A finds itself woken before B signals, the poll() after A's tick returns once for nothing.
   */
  g_mutex_lock (&self->lock);
  /* Without a source there is none. The source's first dispatch comes by itself. */
  if (self->wakeup != NULL)
    aio_guest_wakeup_signal (self->wakeup);
  g_mutex_unlock (&self->lock);
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
  g_assert (self->depth > 0);
  self->depth--;

  if (aio_guest_run_is_copy (self))
    return;

  aio_guest_run_count (self, elapsed, deferred);

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
  return self->source != NULL ? self->source_funcs->restart_slice (self->source) : 0;
}
