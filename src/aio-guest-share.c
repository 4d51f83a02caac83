/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-share-private.h"

/* Microseconds. Were the next turn by right due before the host has come as far as its idle
 * sources, a guest with nothing left would be ticked for ever, and the host would never rest. */
#define MIN_PERIOD 1000

/*
 * After the guest ran: whether it has yielded from now on.
 *
 * @when_idle: it ran because the host was idle, not at its own priority
 * @start_time: when it began, monotonic
 * @elapsed: the time it took, without what the host did in nested main loops
 * @work_left: it was stopped by the end of its slice
 */
gboolean
aio_guest_share_settle (AioGuestShare *self,
                        gboolean when_idle,
                        gint64 start_time,
                        gint64 elapsed,
                        gboolean work_left)
{
  g_assert (elapsed >= 0);

  self->charge = when_idle ? 0 : self->charge + elapsed;

  /* A turn taken by right, while yielded, says nothing of whether the host is idle again: only a
   * turn when idle that leaves nothing behind ends the yield. */
  self->yielded = work_left || self->charge > self->slice || (self->yielded && !when_idle);

  /* Half a period is the host's even after a turn that took longer than a whole one. */
  if (self->yielded)
    {
      const gint64 period = MAX (self->period, MIN_PERIOD);

      self->resume_time = start_time + MAX (period, elapsed + period / 2);
    }

  return self->yielded;
}
