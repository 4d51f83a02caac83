/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-debug-private.h"
#include "aio-guest-error.h"
#include "aio-guest-slice-private.h"

/* The guest rests in the main loop that has made this dispatch, and in those nested there. Its next
 * deadline and its share of the time are kept for later. */
static void
rest (AioGuestMainSource *self)
{
  AIO_GUEST_DEBUG (TURNS, self->run, "rests in this nested main loop");

  aio_guest_run_rest (self->run);
  aio_guest_main_source_set_polling (self, FALSE);
  aio_guest_deadline_pause (&self->parent);
}

/* After the ticks: decides whether the run yields, and sets what the sources wait for. */
static void
settle (AioGuestMainSource *self,
        gboolean when_idle,
        gint64 elapsed,
        AioGuestTick tick,
        gint64 deadline,
        void (*on_yield) (AioGuestMainSource *self))
{
  const gboolean had_yielded = self->share.yielded;
  gboolean yielded;

  self->share.slice = aio_guest_run_slice (self->run);
  self->share.period = aio_guest_run_get_period (self->run);
  yielded = aio_guest_share_settle (&self->share, when_idle, self->slice.start, elapsed,
                                    tick == AIO_GUEST_TICK_AGAIN);
  if (yielded != had_yielded)
    AIO_GUEST_DEBUG (YIELDS, self->run, "%s",
                     yielded ? "yields to what is ready in the host" : "no longer yields");

  aio_guest_main_source_set_polling (self, !yielded);

  if (yielded)
    {
      /* The idle source is ready, so the main context does not sleep: no deadline must wake it. */
      if (on_yield != NULL)
        on_yield (self);
      aio_guest_deadline_pause (&self->parent);
    }
  else
    {
      aio_guest_deadline_set (&self->deadline, &self->parent, deadline);
      aio_guest_poller_arm (aio_guest_run_poller (self->run));
    }
}

/* Why the run has this turn, for the log. */
static const char *
reason (AioGuestMainSource *self, gboolean when_idle)
{
  return when_idle                                      ? "the host is idle"
         : aio_guest_watches_are_ready (&self->watches) ? "a descriptor is ready"
         : aio_guest_run_is_woken (self->run)           ? "woken"
         : aio_guest_run_has_work (self->run)           ? "work in the queue"
         : self->share.yielded                          ? "a period has passed"
                                                        : "a timer is due";
}

/* What the last tick has answered, for the log. */
static const char *
outcome (AioGuestTick tick)
{
  return tick == AIO_GUEST_TICK_WAIT       ? "nothing left"
         : tick == AIO_GUEST_TICK_AGAIN    ? "more to do"
         : tick == AIO_GUEST_TICK_FINISHED ? "finished"
         : tick == AIO_GUEST_TICK_REST     ? "rests"
                                           : "failed";
}

/* Ticks the guest until it has nothing left to do or its slice is over. The caller holds references
 * to the source and to its run. */
gboolean
aio_guest_slice_run (AioGuestMainSource *self,
                     gboolean when_idle,
                     void (*on_yield) (AioGuestMainSource *self))
{
  AioGuestRun *run = self->run;
  g_autoptr (GError) error = NULL;
  const AioGuestSlice outer = self->slice;
  AioGuestTick tick;
  gint64 next_ready_time;
  gint64 now;
  gint64 elapsed;

  if (!aio_guest_run_is_owner (run))
    {
      aio_guest_run_end (run, g_error_new (AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_THREAD,
                                           "the main context is iterated by another thread than "
                                           "the one that the run was attached on"));
      return G_SOURCE_REMOVE;
    }

  AIO_GUEST_DEBUG (TURNS, run, "turn, depth %u: %s", aio_guest_run_depth (run),
                   reason (self, when_idle));

  now = self->slice.start = g_get_monotonic_time ();

  aio_guest_run_enter (run);
  aio_guest_run_take_wake (run);

  do
    {
      self->slice.tick_start = now;
      self->slice.nested_first = self->slice.nested_last = 0;
      next_ready_time = -1;
      aio_guest_run_go_on (run);
      tick = aio_guest_run_tick (run, self->slice.start + aio_guest_run_slice (run),
                                 &next_ready_time, &error);
      now = g_get_monotonic_time ();

      /* cppcheck-suppress knownConditionTrueFalse; aio_guest_slice_note_nested() sets it */
      if (self->slice.nested_first != 0)
        self->slice.start += self->slice.nested_last - self->slice.nested_first;
    }
  while (tick == AIO_GUEST_TICK_AGAIN && aio_guest_main_source_is_alive (self) &&
         now < self->slice.start + aio_guest_run_slice (run));

  elapsed = now - self->slice.start;
  AIO_GUEST_DEBUG (SLICES, run, "slice: %" G_GINT64_FORMAT " us, %s", elapsed, outcome (tick));

  /* A nested tick, or the guest itself, may have ended the run already. */
  if (aio_guest_main_source_is_alive (self))
    {
      if (tick == AIO_GUEST_TICK_FAILED || tick == AIO_GUEST_TICK_FINISHED)
        aio_guest_run_end (run, g_steal_pointer (&error));
      else if (tick == AIO_GUEST_TICK_REST)
        rest (self);
      else
        settle (self, when_idle, elapsed, tick, next_ready_time, on_yield);
    }

  self->slice = outer;
  self->slice.nested_last = now;

  aio_guest_run_leave (run, elapsed, tick == AIO_GUEST_TICK_AGAIN);

  return aio_guest_main_source_is_alive (self) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Does not count the time since the current tick began, so that the slice ends later by as much.
 * Returns the new end of the slice. A guest that calls this in each tick still comes to the end of
 * its slice: the rest of each tick is counted. */
gint64
aio_guest_slice_restart (AioGuestMainSource *self)
{
  const gint64 now = g_get_monotonic_time ();

  self->slice.start += now - self->slice.tick_start;
  self->slice.tick_start = now;
  self->slice.nested_first = self->slice.nested_last = 0;

  return self->slice.start + aio_guest_run_slice (self->run);
}
