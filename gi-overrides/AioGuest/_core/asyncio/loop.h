/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "check.h"

extern PyType_Spec loop_base_spec;

LoopCheck *core_get_check (CoreState *state, PyObject *loop);
