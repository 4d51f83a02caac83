/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

PyObject *guest_forget (PyObject *object, PyObject *end);
G_NORETURN void guest_end_child (Guest *self);
