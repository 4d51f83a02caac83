/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "state.h"

int ready_append (CoreState *state, PyObject *ready, PyObject *handle);
PyObject *ready_popleft (CoreState *state, PyObject *ready);

int ready_learn_changes (CoreState *state);

/* How many handles there are. Any thread, without the GIL. */
static inline Py_ssize_t
ready_size (PyObject *ready)
{
  return __atomic_load_n (&((PyVarObject *) ready)->ob_size, __ATOMIC_RELAXED);
}

/* How often a handle was put in or taken out. The state must know the offset. Any thread, without
 * the GIL. */
static inline gsize
ready_changes (CoreState *state, PyObject *ready)
{
  return __atomic_load_n ((gsize *) ((char *) ready + state->deque_changes_offset),
                          __ATOMIC_RELAXED);
}
