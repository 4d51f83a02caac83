/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

void guest_hold_thread (Guest *self);
void guest_release_thread (Guest *self);

PyObject *core_clear_thread_storage (PyObject *module, PyObject *unused);
