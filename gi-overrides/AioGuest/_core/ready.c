/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "ready.h"

/* The queue of ready handles, which for all that asyncio does is a deque. */

int
ready_append (CoreState *state, PyObject *ready, PyObject *handle)
{
  PyObject *result;

  if (state->deque_append != NULL && (PyObject *) Py_TYPE (ready) == state->deque_type)
    result = state->deque_append (ready, handle);
  else
    result = PyObject_CallMethodOneArg (ready, state->str_append, handle);

  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

PyObject *
ready_popleft (CoreState *state, PyObject *ready)
{
  if (state->deque_popleft != NULL && (PyObject *) Py_TYPE (ready) == state->deque_type)
    return state->deque_popleft (ready, NULL);

  return PyObject_CallMethodNoArgs (ready, state->str_popleft);
}
