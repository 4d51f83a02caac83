/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

void guest_watch_nesting (Guest *self, GMainContext *context);
void guest_unwatch_nesting (Guest *self);
