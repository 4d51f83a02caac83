/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

PyObject *asyncio_guest_get_task (Guest *guest);
int asyncio_guest_leave_task (Guest *guest, LeftTask *left);
void asyncio_guest_enter_task (Guest *guest, LeftTask *left);
