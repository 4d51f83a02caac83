/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-run-fields-private.h"

/* What a run counts. */

/* After a dispatch: the guest took @elapsed of it, and may have been stopped by its slice's end. */
void
aio_guest_run_count (AioGuestRun *self, gint64 elapsed, gboolean deferred)
{
  GObject *object = (GObject *) self;

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
}

/**
 * aio_guest_run_get_ticks:
 * @self: a run
 *
 * Gets how many times the guest's tick was called.
 *
 * Returns: the count
 *
 * Since: 1.0
 */
guint64
aio_guest_run_get_ticks (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), 0);

  return self->ticks;
}

/**
 * aio_guest_run_get_busy_time:
 * @self: a run
 *
 * Gets the time that the guest has run, without that of main loops nested in it.
 *
 * Returns: microseconds
 *
 * Since: 1.0
 */
gint64
aio_guest_run_get_busy_time (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), 0);

  return self->busy_time;
}

/**
 * aio_guest_run_get_longest_tick:
 * @self: a run
 *
 * Gets the longest time that the guest has kept the host waiting.
 *
 * Returns: microseconds
 *
 * Since: 1.0
 */
gint64
aio_guest_run_get_longest_tick (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), 0);

  return self->longest_tick;
}

/**
 * aio_guest_run_get_deferred_slices:
 * @self: a run
 *
 * Gets how many times a slice ended with work left for a later one.
 *
 * Returns: the count
 *
 * Since: 1.0
 */
guint64
aio_guest_run_get_deferred_slices (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), 0);

  return self->deferred_slices;
}
