/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "state.h"

int ready_append (CoreState *state, PyObject *ready, PyObject *handle);
PyObject *ready_popleft (CoreState *state, PyObject *ready);
