/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

int guest_get_next_ready_time (Guest *self, gint64 *next_ready_time);
int guest_has_due_timer (Guest *self);
int timer_when (CoreState *state, PyObject *timer, double *when);
