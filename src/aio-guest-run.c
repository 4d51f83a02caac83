/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-debug-private.h"
#include "aio-guest-enum-types.h"
#include "aio-guest-poller.h"
#include "aio-guest-run-fields-private.h"

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

enum
{
  PROP_0,
  PROP_NAME,
  PROP_STATE,
  PROP_PRIORITY,
  PROP_SLICE,
  PROP_PERIOD,
  PROP_REENTRANT,
  PROP_POLL_MODE,
  PROP_TICKS,
  PROP_BUSY_TIME,
  PROP_LONGEST_TICK,
  PROP_DEFERRED_SLICES,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

guint aio_guest_run_finished;

G_DEFINE_FINAL_TYPE (AioGuestRun, aio_guest_run, G_TYPE_OBJECT)

void
aio_guest_run_release_guest (AioGuestRun *self)
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

static void
install_properties (GObjectClass *object_class)
{
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
   * The time in microseconds after which the guest yields to the rest of the host, by default
   * %AIO_GUEST_DEFAULT_SLICE.
   *
   * A single callback of the guest that takes longer is not interrupted.
   *
   * Since: 1.0
   */
  props[PROP_SLICE] =
    g_param_spec_uint ("slice", NULL, NULL, 1, G_MAXUINT, AIO_GUEST_DEFAULT_SLICE, writable);

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

static void
install_signals (GObjectClass *object_class)
{
  /**
   * AioGuestRun::finished:
   * @self: the run
   * @error: (nullable): why the run ended, or %NULL if the guest came to its end
   *
   * Emitted once, when the run is over and none of its ticks is going on.
   *
   * It is emitted on the owner thread, with two exceptions. %AIO_GUEST_ERROR_ABANDONED comes from the
   * thread that dropped the last reference to the main context, and %AIO_GUEST_ERROR_WRONG_THREAD from
   * the thread that iterated it. Since GLib 2.86 a function that changes a source holds a reference to the
   * source's main context, and that reference can be the last one. [method@Run.wake] holds none.
   *
   * Since: 1.0
   */
  aio_guest_run_finished =
    g_signal_new ("finished", G_TYPE_FROM_CLASS (object_class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
aio_guest_run_class_init (AioGuestRunClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = aio_guest_run_finalize;

  aio_guest_debug_init ();
  install_properties (object_class);
  install_signals (object_class);
}

static void
aio_guest_run_init (AioGuestRun *self)
{
  self->name = g_strdup ("guest");
  self->slice = AIO_GUEST_DEFAULT_SLICE;
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

void
aio_guest_run_set_state (AioGuestRun *self, AioGuestRunState state)
{
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
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

/* Settings: the name, and how the run shares the host with others */

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
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NAME]);
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
    self->source_funcs->set_priority (self->source, priority);

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PRIORITY]);
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
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), AIO_GUEST_DEFAULT_SLICE);

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
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SLICE]);
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
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PERIOD]);
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
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_REENTRANT]);
}

/* What a run counts */

/* After a dispatch: the guest took @elapsed of it, and may have been stopped by its slice's end. */
void
aio_guest_run_count (AioGuestRun *self, gint64 elapsed, gboolean deferred)
{
  GObject *object = (GObject *) self;

  self->busy_time += elapsed;
  g_object_notify_by_pspec (object, props[PROP_TICKS]);
  g_object_notify_by_pspec (object, props[PROP_BUSY_TIME]);

  if (elapsed > self->longest_tick)
    {
      self->longest_tick = elapsed;
      g_object_notify_by_pspec (object, props[PROP_LONGEST_TICK]);
    }

  if (deferred)
    {
      self->deferred_slices++;
      g_object_notify_by_pspec (object, props[PROP_DEFERRED_SLICES]);
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
