/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

AioGuestTick guest_tick (AioGuestRun *run,
                         gint64 slice_end,
                         gint64 *next_ready_time,
                         gpointer user_data,
                         GError **error);
gboolean guest_peek (gpointer user_data);
