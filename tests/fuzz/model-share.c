/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "model.h"
#include "trace.h"
#include "virtual-clock.h"

/* Turns, and what a guest has had of the thread's time. */

void
model_guest_begin_turn (ModelGuest *self)
{
  GSource *source = g_main_current_source ();
  Frame *frame = world.frame;
  const gboolean idle = g_str_equal (g_source_get_name (source), "[aioguest] idle");
  int priority = frame->priorities[self->slot];

  g_assert (model_guest_may_enter (self));

  if (frame->nested)
    {
      /* What the turn around a nested one had marked ready is dispatched all the same. */
      host_note_dispatch (G_MININT);
    }
  else
    {
      if (!model_guest_has_reason (self))
        {
          /* What has caused a tick stands until it is back, for main loops below it, too. */
          g_assert (self->share.may_have_yielded || self->spare_wake || self->depth > 0 ||
                    self->threaded);
          self->spare_wake = FALSE;
        }

      if (idle)
        g_assert (self->share.may_have_yielded);
      else if (self->share.must_have_yielded && !self->share.uncertain)
        g_assert (virtual_clock_now () >= self->share.not_before);

      if (idle)
        priority = MAX (priority, G_PRIORITY_DEFAULT_IDLE);
      for (guint i = 0; i < frame->n_sources; i++)
        g_assert (frame->source_priorities[i] >= priority);

      host_note_dispatch (priority);
    }

  self->spare_wake |= self->racing;
  self->woken = FALSE;
  if (idle && self->depth == 0)
    self->share.uncertain = FALSE;

  self->turn = (Turn){ frame->id, source, idle, virtual_clock_now (), self->share };
}

/* Reckons from the start of the turn, because any tick may be its last. */
void
model_guest_settle (ModelGuest *self, AioGuestTick answer)
{
  const Share *before = &self->turn.before;
  const gboolean idle = self->turn.when_idle;
  const gint64 slice = aio_guest_run_get_slice (self->alive_run);
  const gint64 period = MAX (aio_guest_run_get_period (self->alive_run), 1000);
  const gint64 now = virtual_clock_now ();
  const gint64 elapsed = now - self->turn.start;
  const gint64 charge = idle ? 0 : before->charge + elapsed;
  const gboolean yields = answer == AIO_GUEST_TICK_AGAIN || charge > slice;
  const gboolean uncertain = self->share.uncertain;

  self->again = answer == AIO_GUEST_TICK_AGAIN;
  self->share = (Share){
    .charge = charge,
    .may_have_yielded = yields || uncertain || (before->may_have_yielded && !idle),
    .must_have_yielded = yields || (before->must_have_yielded && !idle),
    .uncertain = uncertain,
    .not_before = self->turn.start + MAX (period, elapsed + period / 2),
    .due_in_any_case = now + period,
  };
}

void
model_guest_restart_slice (ModelGuest *self)
{
  gint64 end;

  if (self->depth == 0)
    return;

  trace ("guest %u: begins its slice anew", self->slot);
  end = aio_guest_run_restart_slice (self->alive_run);
  self->share.uncertain = TRUE;
  if (aio_guest_run_get_state (self->alive_run) == AIO_GUEST_RUN_STATE_FINISHED)
    g_assert (end == 0);
  else
    g_assert (end - virtual_clock_now () <= aio_guest_run_get_slice (self->alive_run));
}
