/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-run-fields-private.h"
#include "aio-guest-source-private.h"

/* What can be set of a run: its name, and how it shares the host with others. */

/**
 * aio_guest_run_get_name:
 * @self: a run
 *
 * Gets what messages call this run.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
aio_guest_run_get_name (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), NULL);

  return self->name;
}

/**
 * aio_guest_run_set_name:
 * @self: a run
 * @name: (nullable): the name; %NULL for the default one
 *
 * Sets what messages call this run.
 *
 * Since: 1.0
 */
void
aio_guest_run_set_name (AioGuestRun *self, const char *name)
{
  g_return_if_fail (AIO_GUEST_IS_RUN (self));

  if (name == NULL)
    name = "guest";

  if (g_strcmp0 (name, self->name) == 0)
    return;

  g_free (self->name);
  self->name = g_strdup (name);
  g_object_notify_by_pspec (G_OBJECT (self), aio_guest_run_props[PROP_NAME]);
}

/**
 * aio_guest_run_get_priority:
 * @self: a run
 *
 * Gets the priority of the guest as long as it keeps within its slice.
 *
 * Returns: the priority
 *
 * Since: 1.0
 */
int
aio_guest_run_get_priority (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), G_PRIORITY_DEFAULT);

  return self->priority;
}

/**
 * aio_guest_run_set_priority:
 * @self: a run
 * @priority: a priority as of a source, such as %G_PRIORITY_DEFAULT
 *
 * Sets the priority of the guest as long as it keeps within its slice.
 *
 * Since: 1.0
 */
void
aio_guest_run_set_priority (AioGuestRun *self, int priority)
{
  g_return_if_fail (AIO_GUEST_IS_RUN (self));

  if (self->priority == priority)
    return;

  self->priority = priority;
  if (self->source != NULL)
    aio_guest_source_set_priority (self->source, priority);

  g_object_notify_by_pspec (G_OBJECT (self), aio_guest_run_props[PROP_PRIORITY]);
}

/**
 * aio_guest_run_get_slice:
 * @self: a run
 *
 * Gets the time after which the guest yields.
 *
 * Returns: microseconds
 *
 * Since: 1.0
 */
guint
aio_guest_run_get_slice (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), DEFAULT_SLICE);

  return self->slice;
}

/**
 * aio_guest_run_set_slice:
 * @self: a run
 * @slice: microseconds, at least 1
 *
 * Sets the time after which the guest yields, from the next dispatch on.
 *
 * Since: 1.0
 */
void
aio_guest_run_set_slice (AioGuestRun *self, guint slice)
{
  g_return_if_fail (AIO_GUEST_IS_RUN (self));
  g_return_if_fail (slice > 0);

  if (self->slice == slice)
    return;

  self->slice = slice;
  g_object_notify_by_pspec (G_OBJECT (self), aio_guest_run_props[PROP_SLICE]);
}

/**
 * aio_guest_run_get_period:
 * @self: a run
 *
 * Gets the time in which a guest that has yielded gets at least one slice.
 *
 * Returns: microseconds
 *
 * Since: 1.0
 */
guint
aio_guest_run_get_period (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), DEFAULT_PERIOD);

  return self->period;
}

/**
 * aio_guest_run_set_period:
 * @self: a run
 * @period: microseconds, at least 1
 *
 * Sets the time in which a guest that has yielded gets at least one slice, from the next
 * dispatch on.
 *
 * Since: 1.0
 */
void
aio_guest_run_set_period (AioGuestRun *self, guint period)
{
  g_return_if_fail (AIO_GUEST_IS_RUN (self));
  g_return_if_fail (period > 0);

  if (self->period == period)
    return;

  self->period = period;
  g_object_notify_by_pspec (G_OBJECT (self), aio_guest_run_props[PROP_PERIOD]);
}

/**
 * aio_guest_run_get_reentrant:
 * @self: a run
 *
 * Gets whether the tick may be called again while it is going on.
 *
 * Returns: whether it may
 *
 * Since: 1.0
 */
gboolean
aio_guest_run_get_reentrant (AioGuestRun *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), FALSE);

  return self->reentrant;
}

/**
 * aio_guest_run_set_reentrant:
 * @self: a run
 * @reentrant: whether the tick may be called again while it is going on
 *
 * Says whether the guest bears its tick being called from a main loop nested in the tick. If it
 * does not, which is the default, the guest rests in nested main loops.
 *
 * Since: 1.0
 */
void
aio_guest_run_set_reentrant (AioGuestRun *self, gboolean reentrant)
{
  g_return_if_fail (AIO_GUEST_IS_RUN (self));

  reentrant = !!reentrant;
  if (self->reentrant == reentrant)
    return;

  self->reentrant = reentrant;
  g_object_notify_by_pspec (G_OBJECT (self), aio_guest_run_props[PROP_REENTRANT]);
}
