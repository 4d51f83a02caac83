/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-poller-private.h"

G_BEGIN_DECLS

/* The descriptors that a poller has the main context poll, as a source polls them. */

typedef struct
{
  GPollFD poll_fd;
  gushort events; /* while polling; the poll_fd asks for none otherwise */
} AioGuestWatch;

typedef struct
{
  AioGuestWatch *watches;
  guint n_watches;
  gboolean added; /* to the source, and those of the poller's @serial */
  guint serial;
} AioGuestWatches;

void aio_guest_watches_sync (AioGuestWatches *self, GSource *source, AioGuestPoller *poller);
void aio_guest_watches_drop (AioGuestWatches *self, GSource *source);
void aio_guest_watches_clear (AioGuestWatches *self);

void aio_guest_watches_set_polling (AioGuestWatches *self, gboolean polling);
gboolean aio_guest_watches_are_ready (const AioGuestWatches *self);
GIOCondition aio_guest_watches_get_first (const AioGuestWatches *self);

G_END_DECLS
