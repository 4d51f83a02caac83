/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIO_GUEST_INSIDE) && !defined(AIO_GUEST_COMPILATION)
#error "Only <aio-guest.h> can be included directly."
#endif

#include "aio-guest-types.h"

G_BEGIN_DECLS

#define AIO_GUEST_TYPE_PUMP (aio_guest_pump_get_type ())

AIO_GUEST_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (AioGuestPump, aio_guest_pump, AIO_GUEST, PUMP, GObject)

AIO_GUEST_AVAILABLE_IN_1_0
AioGuestPump *aio_guest_pump_new (GMainContext *context, GError **error);

AIO_GUEST_AVAILABLE_IN_1_0
GMainContext *aio_guest_pump_get_main_context (AioGuestPump *self);

AIO_GUEST_AVAILABLE_IN_1_0
int aio_guest_pump_get_fd (AioGuestPump *self);

AIO_GUEST_AVAILABLE_IN_1_0
AioGuestPumpResult aio_guest_pump_dispatch (AioGuestPump *self);

AIO_GUEST_AVAILABLE_IN_1_0
gboolean aio_guest_pump_start_thread (AioGuestPump *self,
                                      AioGuestPumpNotify notify,
                                      gpointer user_data,
                                      GDestroyNotify destroy,
                                      GError **error);

AIO_GUEST_AVAILABLE_IN_1_0
void aio_guest_pump_destroy (AioGuestPump *self);

G_END_DECLS
