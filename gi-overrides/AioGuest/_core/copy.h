/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

int guest_become_copy (Guest *self, PyObject *tasks, PyObject *end);
AioGuestTick guest_leave_copy (Guest *self, AioGuestTick tick);

PyObject *core_end_process (PyObject *module, PyObject *exception);
