/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-enum-types.h"
#include "aio-guest-run-fields-private.h"

GParamSpec *aio_guest_run_props[N_PROPS];

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  AioGuestRun *self = AIO_GUEST_RUN (object);

  switch (id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_PRIORITY:
      g_value_set_int (value, self->priority);
      break;
    case PROP_SLICE:
      g_value_set_uint (value, self->slice);
      break;
    case PROP_PERIOD:
      g_value_set_uint (value, self->period);
      break;
    case PROP_REENTRANT:
      g_value_set_boolean (value, self->reentrant);
      break;
    case PROP_POLL_MODE:
      g_value_set_enum (value, aio_guest_run_get_poll_mode (self));
      break;
    case PROP_TICKS:
      g_value_set_uint64 (value, self->ticks);
      break;
    case PROP_BUSY_TIME:
      g_value_set_int64 (value, self->busy_time);
      break;
    case PROP_LONGEST_TICK:
      g_value_set_int64 (value, self->longest_tick);
      break;
    case PROP_DEFERRED_SLICES:
      g_value_set_uint64 (value, self->deferred_slices);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  AioGuestRun *self = AIO_GUEST_RUN (object);

  switch (id)
    {
    case PROP_NAME:
      aio_guest_run_set_name (self, g_value_get_string (value));
      break;
    case PROP_PRIORITY:
      aio_guest_run_set_priority (self, g_value_get_int (value));
      break;
    case PROP_SLICE:
      aio_guest_run_set_slice (self, g_value_get_uint (value));
      break;
    case PROP_PERIOD:
      aio_guest_run_set_period (self, g_value_get_uint (value));
      break;
    case PROP_REENTRANT:
      aio_guest_run_set_reentrant (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

void
aio_guest_run_install_properties (GObjectClass *object_class)
{
  GParamSpec **props = aio_guest_run_props;
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable =
    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = get_property;
  object_class->set_property = set_property;

  /**
   * AioGuestRun:name:
   *
   * What messages call this run.
   *
   * Since: 1.0
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, "guest", writable);

  /**
   * AioGuestRun:state:
   *
   * Where in its life the run is.
   *
   * Since: 1.0
   */
  props[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, AIO_GUEST_TYPE_RUN_STATE,
                                         AIO_GUEST_RUN_STATE_NEW, readable);

  /**
   * AioGuestRun:priority:
   *
   * The priority of the guest as long as it keeps within its slice, as in
   * [method@GLib.Source.set_priority].
   *
   * It may be changed at any time.
   *
   * Since: 1.0
   */
  props[PROP_PRIORITY] = g_param_spec_int ("priority", NULL, NULL, G_MININT, G_MAXINT,
                                           G_PRIORITY_DEFAULT, writable);

  /**
   * AioGuestRun:slice:
   *
   * The time in microseconds after which the guest yields to the rest of the host.
   *
   * A single callback of the guest that takes longer is not interrupted.
   *
   * Since: 1.0
   */
  props[PROP_SLICE] =
    g_param_spec_uint ("slice", NULL, NULL, 1, G_MAXUINT, DEFAULT_SLICE, writable);

  /**
   * AioGuestRun:period:
   *
   * The time in microseconds in which a guest that has yielded gets at least one slice, however
   * busy the host is at the run's own priority. What is below 1000 counts as 1000.
   *
   * Since: 1.0
   */
  props[PROP_PERIOD] =
    g_param_spec_uint ("period", NULL, NULL, 1, G_MAXUINT, DEFAULT_PERIOD, writable);

  /**
   * AioGuestRun:reentrant:
   *
   * Whether the tick may be called again while it is going on, from a main loop nested in it.
   *
   * Since: 1.0
   */
  props[PROP_REENTRANT] = g_param_spec_boolean ("reentrant", NULL, NULL, FALSE, writable);

  /**
   * AioGuestRun:poll-mode:
   *
   * How the guest's descriptors are watched.
   *
   * Since: 1.0
   */
  props[PROP_POLL_MODE] = g_param_spec_enum ("poll-mode", NULL, NULL, AIO_GUEST_TYPE_POLL_MODE,
                                             AIO_GUEST_POLL_MODE_AUTO, readable);

  /**
   * AioGuestRun:ticks:
   *
   * How many times the guest's tick was called.
   *
   * Since: 1.0
   */
  props[PROP_TICKS] = g_param_spec_uint64 ("ticks", NULL, NULL, 0, G_MAXUINT64, 0, readable);

  /**
   * AioGuestRun:busy-time:
   *
   * The time in microseconds that the guest has run, without that of main loops nested in it.
   *
   * The callback of the host that ends such a main loop is counted in: nothing tells how much of the
   * time after it is still the host's.
   *
   * Since: 1.0
   */
  props[PROP_BUSY_TIME] =
    g_param_spec_int64 ("busy-time", NULL, NULL, 0, G_MAXINT64, 0, readable);

  /**
   * AioGuestRun:longest-tick:
   *
   * The longest time in microseconds that the guest has kept the host waiting.
   *
   * Since: 1.0
   */
  props[PROP_LONGEST_TICK] =
    g_param_spec_int64 ("longest-tick", NULL, NULL, 0, G_MAXINT64, 0, readable);

  /**
   * AioGuestRun:deferred-slices:
   *
   * How many times a slice ended with work left for a later one.
   *
   * Since: 1.0
   */
  props[PROP_DEFERRED_SLICES] =
    g_param_spec_uint64 ("deferred-slices", NULL, NULL, 0, G_MAXUINT64, 0, readable);

  g_object_class_install_properties (object_class, N_PROPS, props);
}
