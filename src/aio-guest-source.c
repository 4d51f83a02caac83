/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "aio-guest-idle-source-private.h"
#include "aio-guest-main-source-private.h"
#include "aio-guest-slice-private.h"
#include "aio-guest-source.h"

/* Whether a time has come, as of this turn of the main loop. */
static gboolean
is_past (AioGuestMainSource *self, gint64 time)
{
  return time >= 0 && g_source_get_time (&self->parent) >= time;
}

static gboolean
has_work (AioGuestMainSource *self)
{
  return aio_guest_run_has_work (self->run) || is_past (self, self->deadline.time) ||
         (self->wakeup.revents & G_IO_NVAL) != 0;
}

/* The run is over. Or this is a forked child: the descriptor is the parent's, and what there is to read
 * is for that. */
static void
stop_polling_wakeup (AioGuestMainSource *self)
{
  self->wakeup.events = self->wakeup.revents = 0;
}

/* Acknowledges the wakeup descriptor. The wake itself is kept by the run. */
static void
check_wakeup (AioGuestMainSource *self, GSource *source)
{
  if (G_LIKELY (self->wakeup.revents == 0) || !aio_guest_run_is_alive (self->run))
    return;

  /* Somebody has closed it. poll() would report that again and again. */
  if ((self->wakeup.revents & G_IO_NVAL) != 0)
    g_source_remove_poll (source, &self->wakeup);
  else
    aio_guest_wakeup_acknowledge (aio_guest_run_wakeup (self->run));
}

static gboolean
main_source_prepare (GSource *source, int *timeout)
{
  AioGuestMainSource *self = (AioGuestMainSource *) source;

  *timeout = -1;
  aio_guest_slice_note_nested (self);

  /* The tick that follows sets the descriptors to poll, and the deadline. */
  if (aio_guest_run_end_rest (self->run))
    aio_guest_run_wake (self->run);

  if (!aio_guest_main_source_may_run (self, FALSE))
    {
      /* In a nested main loop in which the guest rests (or a forked child): nothing may keep it from
       * resting. */
      aio_guest_main_source_set_polling (self, FALSE);
      if (!aio_guest_run_is_alive (self->run))
        stop_polling_wakeup (self);
      return FALSE;
    }

  if (self->share.yielded)
    return is_past (self, self->share.resume_time);

  aio_guest_watches_sync (&self->watches, source, aio_guest_run_poller (self->run));

  /* The tick around this nested main loop arms the poller only when it returns. I/O that it has not
   * handled yet is reported once more, which costs a tick with nothing to do. */
  if (aio_guest_run_depth (self->run) > 0)
    aio_guest_poller_arm (aio_guest_run_poller (self->run));

  return has_work (self);
}

static gboolean
main_source_check (GSource *source)
{
  AioGuestMainSource *self = (AioGuestMainSource *) source;

  aio_guest_slice_note_nested (self);
  aio_guest_deadline_check (&self->deadline, source);
  check_wakeup (self, source);

  const gboolean may_run = aio_guest_main_source_may_run (self, FALSE);

  if (!may_run || self->share.yielded)
    {
      /* Even if it is asked for no events, poll() reports a hang-up, and would do so again and
       * again. */
      if (aio_guest_watches_are_ready (&self->watches))
        aio_guest_watches_drop (&self->watches, source);
      return may_run && is_past (self, self->share.resume_time);
    }

  return aio_guest_watches_are_ready (&self->watches) || has_work (self);
}

static gboolean
main_source_dispatch (GSource *source,
                      G_GNUC_UNUSED GSourceFunc callback,
                      G_GNUC_UNUSED gpointer user_data)
{
  AioGuestMainSource *self = (AioGuestMainSource *) source;
  AioGuestPoller *poller = aio_guest_run_poller (self->run);
  g_autoptr (GError) error = NULL;

  aio_guest_slice_note_nested (self);

  if (!aio_guest_main_source_may_run (self, TRUE))
    {
      /* The source was attached when its run was already over. */
      if (aio_guest_run_get_state (self->run) == AIO_GUEST_RUN_STATE_FINISHED)
        return G_SOURCE_REMOVE;

      /* The ready time has passed. The slice that is going on sets the next one when its tick
       * returns. */
      g_source_set_ready_time (source, -1);
      return G_SOURCE_CONTINUE;
    }

  /* It was marked ready before the run yielded: by the iteration around a nested main loop. */
  if (self->share.yielded && g_get_monotonic_time () < self->share.resume_time)
    {
      g_source_set_ready_time (source, -1);
      return G_SOURCE_CONTINUE;
    }

  if ((self->wakeup.revents & G_IO_NVAL) != 0)
    g_set_error (&error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM,
                 "the run's wakeup descriptor %d was closed during the run", self->wakeup.fd);
  else if (aio_guest_poller_begin (poller, aio_guest_watches_get_first (&self->watches), &error))
    return aio_guest_slice_run (self, FALSE, aio_guest_idle_source_ensure);

  aio_guest_run_end (self->run, g_steal_pointer (&error));
  return G_SOURCE_REMOVE;
}

static void
main_source_finalize (GSource *source)
{
  AioGuestMainSource *self = (AioGuestMainSource *) source;

  g_assert (self->idle == NULL);
  aio_guest_watches_clear (&self->watches);
  aio_guest_deadline_clear (&self->deadline);
}

static GSourceFuncs main_source_funcs = {
  .prepare = main_source_prepare,
  .check = main_source_check,
  .dispatch = main_source_dispatch,
  .finalize = main_source_finalize,
};

/* The callback data is the source's reference to its run. GLib drops it as soon as anybody destroys
 * the source: that is how the run notices it. The callback itself is never called. */
static void
release_run (gpointer data)
{
  AioGuestRun *run = data;

  aio_guest_run_source_gone (run);
  aio_guest_run_close_wakeup (run);
  g_object_unref (run);
}

static void
set_priority (GSource *source, int priority)
{
  AioGuestMainSource *self = (AioGuestMainSource *) source;

  /* If the source was destroyed inside its own dispatch, GLib would add its descriptors again, and
   * nobody would remove them. */
  if (g_source_is_destroyed (source))
    return;

  g_source_set_priority (source, priority);
  aio_guest_idle_source_update_priority (self);
}

static gint64
restart_slice (GSource *source)
{
  return aio_guest_slice_restart ((AioGuestMainSource *) source);
}

/* Destroys both sources. */
static void
close_sources (GSource *source)
{
  AioGuestMainSource *self = (AioGuestMainSource *) source;

  /* If somebody else destroys the source, GLib removes its descriptors only after ::finished has
   * been emitted. A handler of that may iterate the main context. */
  aio_guest_main_source_set_polling (self, FALSE);
  stop_polling_wakeup (self);

  aio_guest_idle_source_close (self);
  aio_guest_main_source_destroy (source);
}

static const AioGuestSourceFuncs funcs_for_run = {
  .close = close_sources,
  .set_priority = set_priority,
  .restart_slice = restart_slice,
};

/**
 * aio_guest_source_new:
 * @run: a run that is not attached
 * @error: return location for a #GError
 *
 * Creates the source of a run, for a host that attaches its sources itself.
 *
 * [method@Run.attach] is the usual way. The source has the run's priority. The thread that calls this
 * function becomes the run's owner, and must attach the source with [method@GLib.Source.attach]. A run
 * has only one source, which holds a reference to @run until it is destroyed.
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

  g_autoptr (GSource) source = g_source_new (&main_source_funcs, sizeof (AioGuestMainSource));
  AioGuestMainSource *self = (AioGuestMainSource *) source;

  if (!aio_guest_run_begin (run, source, &funcs_for_run, error))
    return NULL;

  self->run = run;
  self->deadline.time = -1;
  self->wakeup.fd = aio_guest_wakeup_get_fd (aio_guest_run_wakeup (run));
  self->wakeup.events = G_IO_IN;
  g_source_add_poll (source, &self->wakeup);

  g_source_set_static_name (source, "[aioguest] run");
  g_source_set_priority (source, aio_guest_run_get_priority (run));
  g_source_set_can_recurse (source, TRUE);
  g_source_set_callback (source, G_SOURCE_FUNC (release_run), g_object_ref (run), release_run);

  /* The first dispatch needs no event: the guest may have got work before. */
  g_source_set_ready_time (source, 0);

  return g_steal_pointer (&source);
}
