/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

Py_ssize_t asyncio_guest_stock_round (AsyncioGuest *self);
int asyncio_guest_is_stopping (AsyncioGuest *self);
