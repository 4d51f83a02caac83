/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIO_GUEST_INSIDE) && !defined(AIO_GUEST_COMPILATION)
#error "Only <aio-guest.h> can be included directly."
#endif

#include "aio-guest-types.h"

G_BEGIN_DECLS

#define AIO_GUEST_TYPE_POLLER (aio_guest_poller_get_type ())

AIO_GUEST_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (AioGuestPoller, aio_guest_poller, AIO_GUEST, POLLER, GObject)

AIO_GUEST_AVAILABLE_IN_1_0
AioGuestPoller *aio_guest_poller_new (int fd, AioGuestPollMode mode, GError **error);

AIO_GUEST_AVAILABLE_IN_1_0
int aio_guest_poller_get_fd (AioGuestPoller *self);

AIO_GUEST_AVAILABLE_IN_1_0
AioGuestPollMode aio_guest_poller_get_mode (AioGuestPoller *self);

AIO_GUEST_AVAILABLE_IN_1_0
gboolean aio_guest_poller_watch (AioGuestPoller *self,
                                 int fd,
                                 GIOCondition condition,
                                 GError **error);

AIO_GUEST_AVAILABLE_IN_1_0
gboolean aio_guest_poller_unwatch (AioGuestPoller *self, int fd);

G_END_DECLS
