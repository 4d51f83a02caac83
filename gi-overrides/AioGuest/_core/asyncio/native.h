/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

/* Returns the number of handles run, or -1 with an exception. */
Py_ssize_t asyncio_guest_native_round (AsyncioGuest *self, gint64 slice_end);
