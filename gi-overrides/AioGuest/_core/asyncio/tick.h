/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

AioGuestTick asyncio_guest_tick (Guest *base,
                                 gboolean can_run,
                                 gint64 slice_end,
                                 gint64 *next_ready_time);
gboolean asyncio_guest_peek (Guest *base);
