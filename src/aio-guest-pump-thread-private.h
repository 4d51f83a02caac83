/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-pump.h"

G_BEGIN_DECLS

/* The thread of a pump whose host can't watch a descriptor: it waits for the descriptor, and notifies. */

typedef struct _AioGuestPumpThread AioGuestPumpThread;

AioGuestPumpThread *aio_guest_pump_thread_new (int fd,
                                               AioGuestPumpNotify notify,
                                               gpointer notify_data,
                                               GDestroyNotify notify_destroy,
                                               GError **error);
void aio_guest_pump_thread_end (AioGuestPumpThread *self);
void aio_guest_pump_thread_begin_dispatch (AioGuestPumpThread *self);
void aio_guest_pump_thread_end_dispatch (AioGuestPumpThread *self);

G_END_DECLS
