/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-watches-private.h"

/* Makes the source poll nothing until the descriptors are synced again. */
void
aio_guest_watches_drop (AioGuestWatches *self, GSource *source)
{
  for (guint i = 0; i < self->n_watches; i++)
    g_source_remove_poll (source, &self->watches[i].poll_fd);

  aio_guest_watches_clear (self);
}

/* The same for a source that is being finalized. */
void
aio_guest_watches_clear (AioGuestWatches *self)
{
  g_clear_pointer (&self->watches, g_free);
  self->n_watches = 0;
  self->added = FALSE;
}

/* Makes the source poll the descriptors that the poller has now. */
void
aio_guest_watches_renew (AioGuestWatches *self, GSource *source, AioGuestPoller *poller)
{
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
  self->serial = aio_guest_poller_get_serial (poller);
}
