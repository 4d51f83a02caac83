/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-timer-private.h"

G_BEGIN_DECLS

/* The time at which a source must be dispatched next, and what ends the wait of the main context
 * then. */

typedef struct
{
  gint64 time; /* as of g_get_monotonic_time(); -1 for never */
  AioGuestTimer *timer; /* made at the first deadline; also NULL if none can be made */
  gboolean no_timer;
  GPollFD timer_fd;
} AioGuestDeadline;

void aio_guest_deadline_set (AioGuestDeadline *self, GSource *source, gint64 time);
void aio_guest_deadline_pause (GSource *source);
void aio_guest_deadline_lose_timer (AioGuestDeadline *self, GSource *source);
void aio_guest_deadline_clear (AioGuestDeadline *self);

/* The functions that the source calls in each turn of the main loop are inline. */

static inline void
aio_guest_deadline_set_polling (AioGuestDeadline *self, gboolean polling)
{
  self->timer_fd.events = polling ? G_IO_IN : 0;
}

/* After a poll. */
static inline void
aio_guest_deadline_check (AioGuestDeadline *self, GSource *source)
{
  if (self->timer != NULL && (self->timer_fd.revents & G_IO_NVAL) != 0)
    aio_guest_deadline_lose_timer (self, source);
}

G_END_DECLS
