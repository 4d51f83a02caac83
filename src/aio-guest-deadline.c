/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-deadline-private.h"

/* Mostly the time is the same: then there is no need to take GLib's lock. */
static void
set_ready_time (GSource *source, gint64 ready_time)
{
  if (g_source_get_ready_time (source) != ready_time)
    g_source_set_ready_time (source, ready_time);
}

static void
make_timer (AioGuestDeadline *self, GSource *source)
{
  self->timer = aio_guest_timer_new ();
  self->no_timer = self->timer == NULL;

  if (self->timer == NULL)
    return;

  self->timer_fd.fd = aio_guest_timer_get_fd (self->timer);
  self->timer_fd.events = G_IO_IN;
  g_source_add_poll (source, &self->timer_fd);
}

static void
abandon_timer (AioGuestDeadline *self, GSource *source)
{
  g_source_remove_poll (source, &self->timer_fd);
  g_clear_pointer (&self->timer, aio_guest_timer_abandon);
  self->no_timer = TRUE;
}

/*
 * The timer only ends the wait of the main context. Whether the time has come is decided by the
 * clock, as for the ready times of other sources. Without a timer the deadline is the ready time.
 */
void
aio_guest_deadline_set (AioGuestDeadline *self, GSource *source, gint64 time)
{
  self->time = time;

  if (time >= 0 && self->timer == NULL && !self->no_timer)
    make_timer (self, source);

  if (self->timer != NULL && !aio_guest_timer_set (self->timer, time))
    abandon_timer (self, source);

  set_ready_time (source, self->timer != NULL ? -1 : time);
}

/* For a source that does not poll: until the deadline is set again only a wake ends a wait. */
void
aio_guest_deadline_pause (GSource *source)
{
  set_ready_time (source, -1);
}

/* Somebody has closed the timer's descriptor: from now on the deadline is the ready time. */
void
aio_guest_deadline_lose_timer (AioGuestDeadline *self, GSource *source)
{
  abandon_timer (self, source);
  g_source_set_ready_time (source, self->time);
}

/* To be called when the source is being finalized. */
void
aio_guest_deadline_clear (AioGuestDeadline *self)
{
  g_clear_pointer (&self->timer, aio_guest_timer_free);
}
