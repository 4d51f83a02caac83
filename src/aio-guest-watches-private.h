/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-poller-private.h"

G_BEGIN_DECLS

/* The descriptors of a poller that the main context must poll, as its source has them. */

typedef struct
{
  GPollFD poll_fd;
  gushort events; /* while polling; the poll_fd asks for none otherwise */
} AioGuestWatch;

typedef struct
{
  AioGuestWatch *watches;
  guint n_watches;
  gboolean added; /* to the source */
  guint serial; /* that the poller had then */
} AioGuestWatches;

void aio_guest_watches_renew (AioGuestWatches *self, GSource *source, AioGuestPoller *poller);
void aio_guest_watches_drop (AioGuestWatches *self, GSource *source);
void aio_guest_watches_clear (AioGuestWatches *self);

/* The functions that the source calls in each turn of the main loop are inline. */

static inline void
aio_guest_watches_sync (AioGuestWatches *self, GSource *source, AioGuestPoller *poller)
{
  if (!self->added || self->serial != aio_guest_poller_get_serial (poller))
    aio_guest_watches_renew (self, source, poller);
}

/* Takes no lock. Adding or removing the descriptors would. */
static inline void
aio_guest_watches_set_polling (AioGuestWatches *self, gboolean polling)
{
  for (guint i = 0; i < self->n_watches; i++)
    {
      self->watches[i].poll_fd.events = polling ? self->watches[i].events : 0;
      self->watches[i].poll_fd.revents = 0;
    }
}

static inline gboolean
aio_guest_watches_are_ready (const AioGuestWatches *self)
{
  for (guint i = 0; i < self->n_watches; i++)
    {
      if (self->watches[i].poll_fd.revents != 0)
        return TRUE;
    }

  return FALSE;
}

/* What the main context has seen of the first descriptor. */
static inline GIOCondition
aio_guest_watches_get_first (const AioGuestWatches *self)
{
  return self->n_watches > 0 ? self->watches[0].poll_fd.revents : 0;
}

G_END_DECLS
