/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

PyObject *guest_watch_signals (Guest *self, int fd);
void guest_unwatch_signals (Guest *self);
