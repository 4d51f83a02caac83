/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-watches-private.h"

/* Has the source poll nothing until they are synced again. */
void
aio_guest_watches_drop (AioGuestWatches *self, GSource *source)
{
  for (guint i = 0; i < self->n_watches; i++)
    g_source_remove_poll (source, &self->watches[i].poll_fd);

  aio_guest_watches_clear (self);
}

/* The same for a source that is no more. */
void
aio_guest_watches_clear (AioGuestWatches *self)
{
  g_clear_pointer (&self->watches, g_free);
  self->n_watches = 0;
  self->added = FALSE;
}

/* Has the source poll what the poller says. */
void
aio_guest_watches_sync (AioGuestWatches *self, GSource *source, AioGuestPoller *poller)
{
  guint serial = aio_guest_poller_get_serial (poller);

  if (self->added && self->serial == serial)
    return;

  aio_guest_watches_drop (self, source);

  g_autofree GPollFD *fds = aio_guest_poller_dup_poll_fds (poller, &self->n_watches);

  self->watches = g_new (AioGuestWatch, self->n_watches);

  for (guint i = 0; i < self->n_watches; i++)
    {
      self->watches[i].poll_fd = fds[i];
      self->watches[i].events = fds[i].events;
      g_source_add_poll (source, &self->watches[i].poll_fd);
    }

  self->added = TRUE;
  self->serial = serial;
}

/* Whether they are asked for events. Takes no lock, unlike to add and remove them. */
void
aio_guest_watches_set_polling (AioGuestWatches *self, gboolean polling)
{
  for (guint i = 0; i < self->n_watches; i++)
    {
      self->watches[i].poll_fd.events = polling ? self->watches[i].events : 0;
      self->watches[i].poll_fd.revents = 0;
    }
}

gboolean
aio_guest_watches_are_ready (const AioGuestWatches *self)
{
  for (guint i = 0; i < self->n_watches; i++)
    {
      if (self->watches[i].poll_fd.revents != 0)
        return TRUE;
    }

  return FALSE;
}

/* What the main context saw of the first one. */
GIOCondition
aio_guest_watches_get_first (const AioGuestWatches *self)
{
  return self->n_watches > 0 ? self->watches[0].poll_fd.revents : 0;
}
