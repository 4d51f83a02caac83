/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-debug-private.h"
#include "aio-guest-error.h"
#include "aio-guest-poller-private.h"
#include "aio-guest-run-private.h"
#include "aio-guest-share-private.h"
#include "aio-guest-source-private.h"
#include "aio-guest-timer-private.h"

/*
 * Two sibling sources serve one run.
 *
 * The *main source* has the run's own priority. It polls the guest's descriptors, and a timer for
 * the guest's deadline. As long as the guest is quick that is all there is.
 *
 * The *idle source* has the priority of idle callbacks, or the run's own if that is lower, and
 * polls nothing. When the guest has had a slice (see AioGuestShare) the run yields: the main
 * source stops polling and is ready again only after a period, and the idle source is ready at
 * once. So everything the host has to do between the two priorities, GTK's frames above all,
 * comes first; and yet a host that never rests leaves the guest a slice in each period.
 *
 * While the run has yielded the idle source is always ready, which would starve whatever has a
 * lower priority still; so once in IDLE_TURNS turns it steps aside for a turn of the main loop.
 *
 * Both may recurse, for guests that allow it. In prepare and check nothing is done but to look:
 * no tick, no change of priority, and no lock that could be held for long.
 */

#define IDLE_TURNS 10

typedef struct _IdleSource IdleSource;

typedef struct
{
  GPollFD poll_fd;
  gushort events; /* while polling; the poll_fd asks for none otherwise */
} Watch;

typedef struct
{
  GSource parent;

  AioGuestRun *run; /* borrowed: the callback data owns a reference */
  IdleSource *idle; /* owned; made at the first yield */

  Watch *watches;
  guint n_watches;
  gboolean watching; /* @watches are those of the poller's @serial, and added to the source */
  guint serial;

  gint64 deadline; /* when the guest's next timer is due; -1 for never */
  AioGuestTimer *timer; /* made at the first deadline; NULL, too, if there is none to be had */
  gboolean no_timer;
  GPollFD timer_fd;

  AioGuestShare share;

  /* Of the innermost dispatch. The start of its slice moves on by the time that is not the
   * guest's: the host's in nested main loops, and waits for a lock. */
  gint64 slice_start;
  gint64 tick_start;

  /* The nested main loops inside the innermost tick: when the main context was first and last
   * seen at work there, 0 for never. What lies between is the host's time; what its last callback
   * takes, the one that ends the main loop, is not seen and counts as the guest's. */
  gint64 nested_first;
  gint64 nested_last;
} MainSource;

struct _IdleSource
{
  GSource parent;

  MainSource *main; /* borrowed: the main source destroys this one with itself */
  guint turn;
  gboolean aside; /* in this turn of the main loop */
};

/* Descriptors */

static void
drop_watches (MainSource *self)
{
  for (guint i = 0; i < self->n_watches; i++)
    g_source_remove_poll (&self->parent, &self->watches[i].poll_fd);

  g_clear_pointer (&self->watches, g_free);
  self->n_watches = 0;
  self->watching = FALSE;
}

static void
sync_watches (MainSource *self)
{
  AioGuestPoller *poller = aio_guest_run_poller (self->run);
  guint serial = aio_guest_poller_get_serial (poller);

  if (self->watching && self->serial == serial)
    return;

  drop_watches (self);

  g_autofree GPollFD *fds = aio_guest_poller_dup_poll_fds (poller, &self->n_watches);

  self->watches = g_new (Watch, self->n_watches);

  for (guint i = 0; i < self->n_watches; i++)
    {
      self->watches[i].poll_fd = fds[i];
      self->watches[i].events = fds[i].events;
      g_source_add_poll (&self->parent, &self->watches[i].poll_fd);
    }

  self->watching = TRUE;
  self->serial = serial;
}

static void
set_polling (MainSource *self, gboolean polling)
{
  for (guint i = 0; i < self->n_watches; i++)
    {
      self->watches[i].poll_fd.events = polling ? self->watches[i].events : 0;
      self->watches[i].poll_fd.revents = 0;
    }

  self->timer_fd.events = polling ? G_IO_IN : 0;
}

static gboolean
is_readable (MainSource *self)
{
  for (guint i = 0; i < self->n_watches; i++)
    {
      if (self->watches[i].poll_fd.revents != 0)
        return TRUE;
    }

  return FALSE;
}

/* Deadlines */

/* Most often there is nothing to change: then GLib's lock is not worth taking. Only a wake changes
 * the ready time behind the owner's back, and only to 0, which may be seen late: it then stays. */
static void
set_ready_time (MainSource *self, gint64 ready_time)
{
  if (g_source_get_ready_time (&self->parent) != ready_time)
    g_source_set_ready_time (&self->parent, ready_time);
}

static void
make_timer (MainSource *self)
{
  self->timer = aio_guest_timer_new ();
  self->no_timer = self->timer == NULL;

  if (self->timer == NULL)
    return;

  self->timer_fd.fd = aio_guest_timer_get_fd (self->timer);
  self->timer_fd.events = G_IO_IN;
  g_source_add_poll (&self->parent, &self->timer_fd);
}

/* Somebody has closed its descriptor: from now on the deadline is the ready time. */
static void
abandon_timer (MainSource *self)
{
  g_source_remove_poll (&self->parent, &self->timer_fd);
  g_clear_pointer (&self->timer, aio_guest_timer_abandon);
  self->no_timer = TRUE;
}

/*
 * The timer only ends the main context's wait: whether the time has come is for the clock to say,
 * as it is for the ready times of other sources. Without a timer the deadline is the ready time,
 * which else is for wakes alone.
 */
static void
set_deadline (MainSource *self, gint64 deadline)
{
  self->deadline = deadline;

  if (deadline >= 0 && self->timer == NULL && !self->no_timer)
    make_timer (self);

  if (self->timer != NULL && !aio_guest_timer_set (self->timer, deadline))
    abandon_timer (self);

  set_ready_time (self, self->timer != NULL ? -1 : deadline);
}

/* By the time of this turn of the main loop. */
static gboolean
is_past (MainSource *self, gint64 time)
{
  return time >= 0 && g_source_get_time (&self->parent) >= time;
}

/* Nesting */

/* A source that is destroyed inside its own dispatch lets go of the run only after it. */
static gboolean
is_alive (MainSource *self)
{
  return aio_guest_run_is_alive (self->run) && !g_source_is_destroyed (&self->parent);
}

/* For the main source's own steps, which GLib takes with no source that is destroyed. */
static gboolean
may_run (MainSource *self)
{
  return aio_guest_run_may_enter (self->run);
}

/* While a dispatch is going on this is the sign of a main loop below it. */
static void
note_nested (MainSource *self)
{
  if (aio_guest_run_depth (self->run) == 0)
    return;

  self->nested_last = g_get_monotonic_time ();
  if (self->nested_first == 0)
    self->nested_first = self->nested_last;
}

/* The idle source */

static gboolean
idle_source_is_ready (IdleSource *self)
{
  return self->main->share.yielded && !self->aside && is_alive (self->main) &&
         may_run (self->main);
}

static gboolean
idle_source_prepare (GSource *source, int *timeout)
{
  IdleSource *self = (IdleSource *) source;

  self->aside = FALSE;

  if (idle_source_is_ready (self) && ++self->turn == IDLE_TURNS)
    {
      self->turn = 0;
      self->aside = TRUE;
      *timeout = 0;
      return FALSE;
    }

  *timeout = -1;
  return idle_source_is_ready (self);
}

static gboolean
idle_source_check (GSource *source)
{
  return idle_source_is_ready ((IdleSource *) source);
}

static gboolean run_slice (MainSource *self, gboolean when_idle);

static gboolean
idle_source_dispatch (GSource *source,
                      G_GNUC_UNUSED GSourceFunc callback,
                      G_GNUC_UNUSED gpointer user_data)
{
  IdleSource *self = (IdleSource *) source;

  note_nested (self->main);

  if (!self->main->share.yielded || !is_alive (self->main) || !may_run (self->main))
    return G_SOURCE_CONTINUE;

  /* The tick may end the run, and with it the two sources. GLib holds on to the source that it
   * dispatches, and that to the run; here, this is the other one. */
  g_autoptr (AioGuestRun) run G_GNUC_UNUSED = g_object_ref (self->main->run);
  g_autoptr (GSource) main_source = g_source_ref (&self->main->parent);

  return run_slice ((MainSource *) main_source, TRUE);
}

static GSourceFuncs idle_source_funcs = {
  .prepare = idle_source_prepare,
  .check = idle_source_check,
  .dispatch = idle_source_dispatch,
};

static int
idle_priority (MainSource *self)
{
  return MAX (aio_guest_run_get_priority (self->run), G_PRIORITY_DEFAULT_IDLE);
}

static void
ensure_idle_source (MainSource *self)
{
  if (self->idle != NULL)
    return;

  GSource *source = g_source_new (&idle_source_funcs, sizeof (IdleSource));

  self->idle = (IdleSource *) source;
  self->idle->main = self;

  g_source_set_static_name (source, "[aioguest] idle");
  g_source_set_priority (source, idle_priority (self));
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, g_source_get_context (&self->parent));
}

/* Dispatch, shared by the two */

static void
wait_until (MainSource *self, gint64 deadline)
{
  /*
   * thread A (owner)                     thread B
   * take_wake(): woken = FALSE
   * tick
   *                                      woken = TRUE; ready time = 0
   * ready time = -1, or the deadline
   *
   * Here B's wake would be lost, so A looks at it again after it has set the deadline. If B
   * comes later still, its ready time is the one that stays.
   */
  set_deadline (self, deadline);
  if (aio_guest_run_is_woken (self->run))
    g_source_set_ready_time (&self->parent, 0);

  aio_guest_poller_arm (aio_guest_run_poller (self->run));
}

static void
settle (MainSource *self, gboolean when_idle, gint64 elapsed, AioGuestTick tick, gint64 deadline)
{
  const gboolean had_yielded = self->share.yielded;
  gboolean yielded;

  self->share.slice = aio_guest_run_slice (self->run);
  self->share.period = aio_guest_run_get_period (self->run);
  yielded = aio_guest_share_settle (&self->share, when_idle, self->slice_start, elapsed,
                                    tick == AIO_GUEST_TICK_AGAIN);
  if (yielded != had_yielded)
    AIO_GUEST_DEBUG (YIELDS, self->run, "%s",
                     yielded ? "yields to what is ready in the host" : "no longer yields");

  set_polling (self, !yielded);

  if (yielded)
    {
      /* The idle source keeps the main context from waiting, so nothing has to end a wait. */
      ensure_idle_source (self);
      set_ready_time (self, -1);
    }
  else
    {
      wait_until (self, deadline);
    }
}

/* Why it is dispatched, for the log. */
static const char *
reason (MainSource *self, gboolean when_idle)
{
  return when_idle                            ? "the host is idle"
         : is_readable (self)                 ? "a descriptor is ready"
         : aio_guest_run_is_woken (self->run) ? "woken"
         : aio_guest_run_has_work (self->run) ? "work in the queue"
         : self->share.yielded                ? "a period has passed"
                                              : "a timer is due";
}

static const char *
outcome (AioGuestTick tick)
{
  return tick == AIO_GUEST_TICK_WAIT       ? "nothing left"
         : tick == AIO_GUEST_TICK_AGAIN    ? "more to do"
         : tick == AIO_GUEST_TICK_FINISHED ? "finished"
                                           : "failed";
}

/* The caller holds on to the source and its run. */
static gboolean
run_slice (MainSource *self, gboolean when_idle)
{
  AioGuestRun *run = self->run;
  g_autoptr (GError) error = NULL;
  const gint64 outer_start = self->slice_start;
  const gint64 outer_tick_start = self->tick_start;
  const gint64 outer_nested_first = self->nested_first;
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

  now = self->slice_start = g_get_monotonic_time ();

  aio_guest_run_enter (run);
  aio_guest_run_take_wake (run);

  do
    {
      self->tick_start = now;
      self->nested_first = self->nested_last = 0;
      next_ready_time = -1;
      tick = aio_guest_run_tick (run, self->slice_start + aio_guest_run_slice (run),
                                 &next_ready_time, &error);
      now = g_get_monotonic_time ();

      /* cppcheck-suppress knownConditionTrueFalse; the tick may have set it, through note_nested() */
      if (self->nested_first != 0)
        self->slice_start += self->nested_last - self->nested_first;
    }
  while (tick == AIO_GUEST_TICK_AGAIN && is_alive (self) &&
         now < self->slice_start + aio_guest_run_slice (run));

  elapsed = now - self->slice_start;
  AIO_GUEST_DEBUG (SLICES, run, "slice: %" G_GINT64_FORMAT " us, %s", elapsed, outcome (tick));

  /* A nested tick, or the guest itself, may have ended the run already. */
  if (is_alive (self))
    {
      if (tick == AIO_GUEST_TICK_FAILED || tick == AIO_GUEST_TICK_FINISHED)
        aio_guest_run_end (run, g_steal_pointer (&error));
      else
        settle (self, when_idle, elapsed, tick, next_ready_time);
    }

  self->slice_start = outer_start;
  self->tick_start = outer_tick_start;
  self->nested_first = outer_nested_first;
  self->nested_last = now;

  aio_guest_run_leave (run, elapsed, tick == AIO_GUEST_TICK_AGAIN);

  return is_alive (self) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* The main source */

static gboolean
main_source_prepare (GSource *source, int *timeout)
{
  MainSource *self = (MainSource *) source;

  *timeout = -1;
  note_nested (self);

  if (!may_run (self))
    {
      /* In a nested main loop of a guest that is not re-entrant (or a forked child): nothing may
       * keep it from resting. */
      set_polling (self, FALSE);
      return FALSE;
    }

  if (self->share.yielded)
    return is_past (self, self->share.resume_time);

  sync_watches (self);

  /* The tick around this nested main loop will do so only when it is back. What it has not got
   * round to handling is reported once more, and costs a tick with nothing to do. */
  if (aio_guest_run_depth (self->run) > 0)
    aio_guest_poller_arm (aio_guest_run_poller (self->run));

  return aio_guest_run_has_work (self->run) || is_past (self, self->deadline);
}

static gboolean
main_source_check (GSource *source)
{
  MainSource *self = (MainSource *) source;

  note_nested (self);

  if (self->timer != NULL && (self->timer_fd.revents & G_IO_NVAL) != 0)
    {
      abandon_timer (self);
      g_source_set_ready_time (source, self->deadline);
    }

  if (!may_run (self) || self->share.yielded)
    {
      /* Asked for no events poll() still reports a hang-up, and would again and again. */
      if (is_readable (self))
        drop_watches (self);
      return self->share.yielded && may_run (self) && is_past (self, self->share.resume_time);
    }

  return is_readable (self) || aio_guest_run_has_work (self->run) ||
         is_past (self, self->deadline);
}

static gboolean
main_source_dispatch (GSource *source,
                      G_GNUC_UNUSED GSourceFunc callback,
                      G_GNUC_UNUSED gpointer user_data)
{
  MainSource *self = (MainSource *) source;
  AioGuestPoller *poller = aio_guest_run_poller (self->run);
  g_autoptr (GError) error = NULL;

  note_nested (self);

  if (!may_run (self))
    {
      /* Woken, or overdue; settle() sees to it when the tick that is going on is back. */
      g_source_set_ready_time (source, -1);
      return G_SOURCE_CONTINUE;
    }

  /* Marked ready before it yielded (by the iteration around a nested main loop), or woken. */
  if (self->share.yielded && g_get_monotonic_time () < self->share.resume_time)
    {
      g_source_set_ready_time (source, -1);
      return G_SOURCE_CONTINUE;
    }

  if (aio_guest_poller_begin (poller,
                              self->n_watches > 0 ? self->watches[0].poll_fd.revents : 0,
                              &error))
    return run_slice (self, FALSE);

  aio_guest_run_end (self->run, g_steal_pointer (&error));
  return G_SOURCE_REMOVE;
}

static void
main_source_finalize (GSource *source)
{
  MainSource *self = (MainSource *) source;

  g_assert (self->idle == NULL);
  g_free (self->watches);
  g_clear_pointer (&self->timer, aio_guest_timer_free);
}

static GSourceFuncs main_source_funcs = {
  .prepare = main_source_prepare,
  .check = main_source_check,
  .dispatch = main_source_dispatch,
  .finalize = main_source_finalize,
};

/* The callback stands for the source's hold on its run: GLib drops it as soon as the source is
 * destroyed, by whomever, and that is how the run learns of it. */
static void
release_run (gpointer data)
{
  AioGuestRun *run = data;

  aio_guest_run_source_gone (run);
  g_object_unref (run);
}

/**
 * aio_guest_source_new:
 * @run: a run that is not attached
 * @error: return location for a #GError
 *
 * Creates the source of a run, for a host that attaches its sources itself.
 *
 * [method@Run.attach] is the usual way. The source has the run's priority; it is to be attached
 * with [method@GLib.Source.attach] by the thread that called this function, which from now on is
 * the run's owner, and a run has only one. The source holds a reference to @run until it is
 * destroyed.
 *
 * Returns: (transfer full): a new source; %NULL, with @error set, if the run had a source before
 *   or its poller can't be started
 *
 * Since: 1.0
 */
GSource *
aio_guest_source_new (AioGuestRun *run, GError **error)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (run), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  g_autoptr (GSource) source = g_source_new (&main_source_funcs, sizeof (MainSource));
  MainSource *self = (MainSource *) source;

  if (!aio_guest_run_begin (run, source, error))
    return NULL;

  self->run = run;
  self->deadline = -1;

  g_source_set_static_name (source, "[aioguest] run");
  g_source_set_priority (source, aio_guest_run_get_priority (run));
  g_source_set_can_recurse (source, TRUE);
  g_source_set_callback (source, G_SOURCE_FUNC (release_run), g_object_ref (run), release_run);

  /* The first dispatch comes of itself: the guest may have been given work before. */
  g_source_set_ready_time (source, 0);

  return g_steal_pointer (&source);
}

void
aio_guest_source_set_priority (GSource *source, int priority)
{
  MainSource *self = (MainSource *) source;

  /* Of one that was destroyed inside its own dispatch, GLib would add the descriptors anew, and
   * nobody would remove them. */
  if (g_source_is_destroyed (source))
    return;

  g_source_set_priority (source, priority);
  if (self->idle != NULL)
    g_source_set_priority (&self->idle->parent, idle_priority (self));
}

/* Leaves the time since the start of the tick that is going on out of its slice; returns the new
 * end. A guest that does so in each tick comes to the end of its slice all the same. */
gint64
aio_guest_source_restart_slice (GSource *source)
{
  MainSource *self = (MainSource *) source;

  const gint64 now = g_get_monotonic_time ();

  self->slice_start += now - self->tick_start;
  self->tick_start = now;
  self->nested_first = self->nested_last = 0;

  return self->slice_start + aio_guest_run_slice (self->run);
}

/* GLib destroys the sources of a main context that is being freed, which belong to none by then,
 * but those that somebody else has destroyed meanwhile it forgets, with all that they hold. */
static void
destroy_unless_orphaned (GSource *source)
{
  if (!g_source_is_destroyed (source) && g_source_get_context (source) != NULL)
    g_source_destroy (source);
}

/* Destroys both sources. */
void
aio_guest_source_close (GSource *source)
{
  MainSource *self = (MainSource *) source;

  if (self->idle != NULL)
    {
      destroy_unless_orphaned (&self->idle->parent);
      g_source_unref (&g_steal_pointer (&self->idle)->parent);
    }

  destroy_unless_orphaned (source);
}
