/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../exception.h"
#include "stock.h"

/*
 * A round of a loop by its own _run_once(), for loops that native.c does not know: in debug
 * mode, with methods of their own, or of an asyncio that was not verified.
 *
 * _run_once() waits for I/O unless the loop is stopping. So during the call _stopping is a string,
 * which is true, and can be distinguished from the True that the program's stop() sets.
 */

/* Whether the user has called stop(): 1, 0, or -1 with an exception. */
int
asyncio_guest_is_stopping (AsyncioGuest *self)
{
  PyObject *stopping = loop_view_check (&self->view) == 0 ? self->view.check->stopping : NULL;

  if (stopping == NULL)
    return PyErr_Occurred () ? -1 : 0;
  if (stopping == Py_False || stopping == self->view.state->str__run_once)
    return 0;

  return PyObject_IsTrue (stopping);
}

Py_ssize_t
asyncio_guest_stock_round (AsyncioGuest *self)
{
  CoreState *state = self->view.state;
  PyObject *sentinel = state->str__run_once;
  PyObject *result;
  PyObject *stopping;
  Py_ssize_t n_before = Py_SIZE (self->view.ready);
  int was_stopping = asyncio_guest_is_stopping (self);

  if (was_stopping < 0 ||
      (!was_stopping && PyDict_SetItem (self->view.dict, state->str__stopping, sentinel) < 0))
    return -1;

  /* It runs all handles that are ready, including those that are left of a round that was cut
   * short. */
  self->todo = 0;
  self->had_io = self->has_events = TRUE;

  self->padding.n_outer = PY_SSIZE_T_MAX;
  self->padding.stock_depth++;
  result = PyObject_CallMethodNoArgs (self->view.loop, state->str__run_once);
  self->padding.stock_depth--;

  if (result == NULL)
    {
      PyObject *exception = core_take_exception ();

      stopping = PyDict_GetItemWithError (self->view.dict, state->str__stopping);
      if (stopping == sentinel)
        PyDict_SetItem (self->view.dict, state->str__stopping, Py_False);
      core_restore_exception (exception);
      return -1;
    }

  Py_DECREF (result);

  stopping = PyDict_GetItemWithError (self->view.dict, state->str__stopping);
  if (PyErr_Occurred () ||
      (stopping == sentinel &&
       PyDict_SetItem (self->view.dict, state->str__stopping, Py_False) < 0) ||
      asyncio_guest_fetch_queues (self) < 0)
    return -1;

  /* How many handles it has run is unknown. This number is 0 only if the queue was empty before and
   * after. */
  return n_before + Py_SIZE (self->view.ready);
}
