/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

int guest_may_native (Guest *self); /* -1, 0 or 1 */
PyObject *guest_why_stock (Guest *self);
void guest_tell_kind (Guest *self, int native);
