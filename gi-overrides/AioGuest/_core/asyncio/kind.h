/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

int asyncio_guest_may_native (AsyncioGuest *self); /* -1, 0 or 1 */
PyObject *asyncio_guest_why_stock (AsyncioGuest *self);
void asyncio_guest_log_kind (AsyncioGuest *self, int native);
