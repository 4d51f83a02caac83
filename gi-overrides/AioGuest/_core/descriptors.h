/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

gboolean guest_map_changed (Guest *self);
int guest_sync_watches (Guest *self);
