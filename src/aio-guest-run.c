/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-enum-types.h"
#include "aio-guest-error.h"
#include "aio-guest-fork-private.h"
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

/* Microseconds. */
#define DEFAULT_SLICE 1000
#define DEFAULT_PERIOD 5000

struct _AioGuestRun
{
  GObject parent_instance;

  AioGuestPoller *poller;
  AioGuestTickFunc tick;
  AioGuestPeekFunc peek;
  gpointer user_data;
  GDestroyNotify destroy;

  char *name;
  int priority;
  guint slice;
  guint period;
  gboolean reentrant;

  AioGuestRunState state;
  GThread *owner;
  guint fork_generation;
  guint depth;          /* of nested dispatches */
  gboolean has_ended;   /* ::finished is still to be emitted */
  GError *error;

  GMutex lock;
  GSource *source;      /* (lock), written by the owner only: a waker may hold on to it */
  int woken;            /* atomic */

  guint64 ticks;
  gint64 busy_time;
  gint64 longest_tick;
  guint64 deferred_slices;
};

G_DEFINE_FINAL_TYPE (AioGuestRun, aio_guest_run, G_TYPE_OBJECT)

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

enum
{
  FINISHED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* In a forked child a run lives on as a copy. It must not tell the guest that it is over: tidying
 * up there would reach into the parent, whose epoll set and descriptors the child shares. */
static gboolean
is_copy (AioGuestRun *self)
{
  return self->owner != NULL && self->fork_generation != aio_guest_fork_generation ();
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
aio_guest_run_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
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
aio_guest_run_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
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
aio_guest_run_class_init (AioGuestRunClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable =
    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = aio_guest_run_finalize;
  object_class->get_property = aio_guest_run_get_property;
  object_class->set_property = aio_guest_run_set_property;

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
   * busy the host is at the run's own priority.
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
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
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

  self->owner = g_thread_self ();
  self->fork_generation = aio_guest_fork_generation ();

  g_mutex_lock (&self->lock);
  self->source = g_source_ref (source);
  g_mutex_unlock (&self->lock);

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
  g_autoptr (AioGuestRun) keep = g_object_ref (self);
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

  g_mutex_lock (&self->lock);
  if (self->source != NULL)
    source = g_source_ref (self->source);
  g_mutex_unlock (&self->lock);

  if (source != NULL)
    g_source_set_ready_time (source, 0);
}

/* What the source asks */

gboolean
aio_guest_run_is_alive (AioGuestRun *self)
{
  return self->state == AIO_GUEST_RUN_STATE_RUNNING &&
         self->fork_generation == aio_guest_fork_generation ();
}

gboolean
aio_guest_run_is_owner (AioGuestRun *self)
{
  return self->owner == g_thread_self ();
}

gboolean
aio_guest_run_is_woken (AioGuestRun *self)
{
  return g_atomic_int_get (&self->woken);
}

void
aio_guest_run_take_wake (AioGuestRun *self)
{
  g_atomic_int_set (&self->woken, FALSE);
}

/* On another thread than the owner's what there is to do is to end the run, and to peek is not
 * allowed. */
gboolean
aio_guest_run_has_work (AioGuestRun *self)
{
  return aio_guest_run_is_woken (self) || !aio_guest_run_is_owner (self) ||
         (self->peek != NULL && self->peek (self->user_data));
}

guint
aio_guest_run_get_depth (AioGuestRun *self)
{
  return self->depth;
}

void
aio_guest_run_enter (AioGuestRun *self)
{
  self->depth++;
}

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
  GObject *object = G_OBJECT (self);

  g_assert (self->depth > 0);
  self->depth--;

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

/* Properties */

/**
 * aio_guest_run_get_poller:
 * @self: a run
 *
 * Gets what watches the guest's descriptors.
 *
 * Returns: (transfer none): the poller
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
    aio_guest_source_set_priority (self->source, priority);

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
