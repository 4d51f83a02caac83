/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "helper-thread.h"
#include "model.h"
#include "trace.h"

#include <unistd.h>

/* What gives a guest something to do. */

void
model_guest_signal (ModelGuest *self)
{
  const guint64 one = 1;

  trace ("guest %u: I/O", self->slot);
  self->signalled = TRUE;
  g_assert (write (self->event_fd, &one, sizeof one) == sizeof one);
}

/* Which nothing but its peek tells of. */
void
model_guest_give_work (ModelGuest *self)
{
  if (!self->peek)
    return;

  trace ("guest %u: work", self->slot);
  self->work = TRUE;
}

/* The main context may have found the descriptor ready already. */
static void
stop_watching (ModelGuest *self)
{
  self->spare_wake |= self->signalled && self->watched;
}

void
model_guest_close_backend (ModelGuest *self)
{
  if (self->backend_fd < 0 || self->closed)
    return;

  trace ("guest %u: its backend is closed", self->slot);
  stop_watching (self);
  self->closed = TRUE;
  close (self->backend_fd);
  if (!self->over)
    self->allowed_ends |= END (AIO_GUEST_ERROR_NOT_POLLABLE);
}

void
model_guest_toggle_watch (ModelGuest *self)
{
  g_autoptr (GError) error = NULL;

  if (self->alive_poller == NULL || self->backend_fd >= 0)
    return;

  trace ("guest %u: %s its descriptor", self->slot, self->watched ? "unwatches" : "watches");
  if (self->watched)
    {
      stop_watching (self);
      g_assert (aio_guest_poller_unwatch (self->alive_poller, self->event_fd));
    }
  else
    g_assert (aio_guest_poller_watch (self->alive_poller, self->event_fd, G_IO_IN, &error));

  g_assert_no_error (error);
  self->watched = !self->watched;
}

static void
do_wake (gpointer data)
{
  ModelGuest *self = data;

  /* Who sees the one must be woken by the other. */
  g_atomic_int_inc (&self->posted);
  aio_guest_run_wake (self->alive_run);
}

void
model_guest_wake (ModelGuest *self)
{
  if (self->alive_run == NULL)
    return;

  trace ("guest %u: woken", self->slot);
  self->woken = TRUE;
  do_wake (self);
}

/* By the other thread: now, or while this one goes on. */
void
model_guest_wake_elsewhere (ModelGuest *self, gboolean racing)
{
  if (self->alive_run == NULL)
    return;

  trace ("guest %u: woken by another thread%s", self->slot, racing ? ", sooner or later" : "");
  helper_wait ();
  self->woken = TRUE;
  helper_begin (do_wake, self);

  /* Without a reference it can't be left alone with the run. */
  if (racing && self->run != NULL)
    self->racing = TRUE;
  else
    helper_wait ();
}
