/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

Py_ssize_t guest_stock_round (Guest *self);
int guest_is_stopping (Guest *self);
