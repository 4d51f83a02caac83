/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-poller.h"
#include "aio-guest-wakeup-private.h"

G_BEGIN_DECLS

/* For the source, on the owner thread. */

AioGuestPoller *aio_guest_poller_new_full (int fd,
                                           AioGuestPollMode mode,
                                           AioGuestWakeupKind kind,
                                           GError **error);

gboolean aio_guest_poller_start (AioGuestPoller *self, GError **error);
void aio_guest_poller_stop (AioGuestPoller *self);

guint aio_guest_poller_get_serial (AioGuestPoller *self);
GPollFD *aio_guest_poller_dup_poll_fds (AioGuestPoller *self, guint *n_fds);

gboolean aio_guest_poller_begin (AioGuestPoller *self, GIOCondition seen, GError **error);
void aio_guest_poller_arm (AioGuestPoller *self);

G_END_DECLS
