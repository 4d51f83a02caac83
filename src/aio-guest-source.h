/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIO_GUEST_INSIDE) && !defined(AIO_GUEST_COMPILATION)
#error "Only <aio-guest.h> can be included directly."
#endif

#include "aio-guest-types.h"

G_BEGIN_DECLS

AIO_GUEST_AVAILABLE_IN_1_0
GSource *aio_guest_source_new (AioGuestRun *run, GError **error);

G_END_DECLS
