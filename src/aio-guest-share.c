/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-share-private.h"

/* In microseconds. If the period were shorter, it could be over before the host has come as far as
 * its idle sources. Then a guest with nothing left to do would be ticked for ever, and the host
 * would never rest. */
#define MIN_PERIOD 1000

/*
 * To be called after the guest has run. Returns whether it has yielded from now on.
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

  /* A turn that the guest had because its period was over does not show that the host is idle. Only
   * a turn when idle that leaves no work ends the yield. */
  self->yielded = work_left || self->charge > self->slice || (self->yielded && !when_idle);

  /* The host gets at least half a period, even if the turn took longer than a whole one. */
  if (self->yielded)
    {
      const gint64 period = MAX (self->period, MIN_PERIOD);

      self->resume_time = start_time + MAX (period, elapsed + period / 2);
    }

  return self->yielded;
}
