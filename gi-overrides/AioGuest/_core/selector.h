/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

int guest_fetch_selector (Guest *self);
int guest_polls_epoll (Guest *self);
void guest_clear_selector (Guest *self);

int core_get_fd (PyObject *number);
