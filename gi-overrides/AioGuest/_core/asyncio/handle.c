/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "handle.h"

/* Handles of asyncio's own types: whether one is cancelled, and how to make one. */

/* Whether the handle was cancelled: 1, 0, or -1 with an exception. */
int
handle_is_cancelled (CoreState *state, PyObject *handle)
{
  PyObject *cancelled;
  int result;

  if (state->verified && handle_is_exact (state, handle))
    {
      cancelled = handle_slot (handle, state->cancelled_offset);
      if (cancelled == Py_True || cancelled == Py_False)
        return cancelled == Py_True;
    }

  cancelled = PyObject_GetAttr (handle, state->str__cancelled);
  if (cancelled == NULL)
    return -1;

  result = PyObject_IsTrue (cancelled);
  Py_DECREF (cancelled);
  return result;
}

static PyObject *
pack_tuple (PyObject *const *items, Py_ssize_t n_items)
{
  PyObject *tuple = PyTuple_New (n_items);

  for (Py_ssize_t i = 0; tuple != NULL && i < n_items; i++)
    PyTuple_SET_ITEM (tuple, i, Py_NewRef (items[i]));

  return tuple;
}

/* Does what __init__() of a Handle does for a loop that is not in debug mode. */
PyObject *
handle_new (CoreState *state,
             PyObject *type,
             PyObject *loop,
             PyObject *const *callback_and_args,
             Py_ssize_t n_args,
             PyObject *context)
{
  PyObject *args = pack_tuple (callback_and_args + 1, n_args - 1);
  PyObject *handle = NULL;

  context = context == Py_None ? PyContext_CopyCurrent () : Py_NewRef (context);

  if (args != NULL && context != NULL)
    handle = PyType_GenericAlloc ((PyTypeObject *) type, 0);

  if (handle != NULL)
    {
      handle_set_slot (handle, state->context_offset, context);
      handle_set_slot (handle, state->loop_offset, loop);
      handle_set_slot (handle, state->callback_offset, callback_and_args[0]);
      handle_set_slot (handle, state->args_offset, args);
      handle_set_slot (handle, state->cancelled_offset, Py_False);
      handle_set_slot (handle, state->repr_offset, Py_None);
      handle_set_slot (handle, state->source_traceback_offset, Py_None);
    }

  Py_XDECREF (args);
  Py_XDECREF (context);
  return handle;
}
