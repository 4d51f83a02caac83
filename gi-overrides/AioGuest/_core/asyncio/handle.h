/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "state.h"

PyObject *handle_new (CoreState *state,
                      PyObject *type,
                      PyObject *loop,
                      PyObject *const *callback_and_args,
                      Py_ssize_t n_args,
                      PyObject *context);
int handle_is_cancelled (CoreState *state, PyObject *handle);

static inline gboolean
handle_is_exact (CoreState *state, PyObject *handle)
{
  return (PyObject *) Py_TYPE (handle) == state->handle_type ||
         (PyObject *) Py_TYPE (handle) == state->timer_handle_type ||
         (PyObject *) Py_TYPE (handle) == state->thread_safe_handle_type;
}

static inline PyObject *
handle_slot (PyObject *handle, Py_ssize_t offset)
{
  return *(PyObject **) ((char *) handle + offset);
}

static inline void
handle_set_slot (PyObject *handle, Py_ssize_t offset, PyObject *value)
{
  PyObject **slot = (PyObject **) ((char *) handle + offset);

  Py_XSETREF (*slot, Py_NewRef (value));
}
