/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

#include "aio-guest-wakeup-private.h"

G_BEGIN_DECLS

/* What waits for descriptors in a poller of THREAD mode. For the poller, on the owner thread. */

typedef struct _AioGuestPollThread AioGuestPollThread;

AioGuestPollThread *aio_guest_poll_thread_new (int backend_fd,
                                               AioGuestWakeupKind kind,
                                               GError **error);
void aio_guest_poll_thread_free (AioGuestPollThread *self);

gboolean aio_guest_poll_thread_start (AioGuestPollThread *self, GError **error);
void aio_guest_poll_thread_stop (AioGuestPollThread *self);

int aio_guest_poll_thread_get_fd (AioGuestPollThread *self);
int aio_guest_poll_thread_begin (AioGuestPollThread *self,
                                 GIOCondition seen,
                                 gboolean *backend_closed);
void aio_guest_poll_thread_update (AioGuestPollThread *self,
                                   const GArray *watched,
                                   guint serial,
                                   gboolean arm);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AioGuestPollThread, aio_guest_poll_thread_free)

G_END_DECLS
