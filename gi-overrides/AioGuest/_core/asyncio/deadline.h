/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "loop_view.h"

int loop_view_get_next_ready_time (LoopView *self, gint64 *next_ready_time);
int loop_view_has_due_timer (LoopView *self);
int timer_when (CoreState *state, PyObject *timer, double *when);
