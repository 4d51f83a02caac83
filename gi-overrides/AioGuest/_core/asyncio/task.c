/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "task.h"

/* The task whose step is going on: how to get it, to take it off the interrupted step, and to put
 * it back. */

PyObject *
asyncio_guest_get_task (Guest *guest)
{
  AsyncioGuest *self = (AsyncioGuest *) guest;

  return PyObject_CallOneArg (self->view.state->current_task, self->view.loop);
}

/* Makes @task the current one, or none if it is NULL. Returns the one before: None or a task. */
static PyObject *
swap_task (PyObject *swap, PyObject *loop, PyObject *task)
{
  return PyObject_CallFunctionObjArgs (swap, loop, task != NULL ? task : Py_None, NULL);
}

/* The current one of the pure-Python tasks has a place of its own, in a dict. To take it off fails
 * if it is not there. */
static int
leave_py_task (AsyncioGuest *self, LeftTask *left)
{
  CoreState *state = self->view.state;
  PyObject *current;

  if (state->py_swap_current_task == NULL || state->py_current_task == NULL)
    return 0;

  current = PyObject_CallOneArg (state->py_current_task, self->view.loop);
  if (current == NULL)
    return -1;

  if (current != Py_None)
    left->py_task = swap_task (state->py_swap_current_task, self->view.loop, NULL);

  Py_DECREF (current);
  return PyErr_Occurred () ? -1 : 0;
}

static int
leave_c_task (AsyncioGuest *self, LeftTask *left)
{
  CoreState *state = self->view.state;
  PyObject *result;

  if (state->swap_current_task != NULL)
    {
      left->task = swap_task (state->swap_current_task, self->view.loop, NULL);
      if (left->task == NULL)
        {
          /* Python 3.12 raises it if there is no task to take away. */
          if (!PyErr_ExceptionMatches (PyExc_KeyError))
            return -1;
          PyErr_Clear ();
        }

      return leave_py_task (self, left);
    }

  if (state->leave_task == NULL || state->enter_task == NULL)
    return 0;

  left->task = PyObject_CallOneArg (state->current_task, self->view.loop);
  if (left->task == NULL)
    return -1;

  if (left->task == Py_None)
    return 0;

  result = PyObject_CallFunctionObjArgs (state->leave_task, self->view.loop, left->task, NULL);
  if (result == NULL)
    {
      /* It was not left, so it must not be entered again. */
      Py_CLEAR (left->task);
      return -1;
    }

  Py_DECREF (result);
  return 0;
}

/* From Python 3.14 on a forked child has no current task, and asyncio refuses to make one that. */
static void
tell_of_reentry (AsyncioGuest *self, PyObject *task)
{
  if (guest_is_copy (&self->base))
    PyErr_Clear ();
  else
    PyErr_WriteUnraisable (task);
}

static void
reenter_task (AsyncioGuest *self, LeftTask *left)
{
  CoreState *state = self->view.state;
  PyObject *result = NULL;

  if (left->py_task != NULL)
    {
      result = swap_task (state->py_swap_current_task, self->view.loop, left->py_task);
      if (result == NULL)
        tell_of_reentry (self, left->py_task);
      Py_CLEAR (result);
    }

  if (left->task != NULL && left->task != Py_None)
    {
      if (state->swap_current_task != NULL)
        result = swap_task (state->swap_current_task, self->view.loop, left->task);
      else
        result =
          PyObject_CallFunctionObjArgs (state->enter_task, self->view.loop, left->task, NULL);

      if (result == NULL)
        tell_of_reentry (self, left->task);
      Py_XDECREF (result);
    }

  Py_CLEAR (left->task);
  Py_CLEAR (left->py_task);
}

int
asyncio_guest_leave_task (Guest *guest, LeftTask *left)
{
  AsyncioGuest *self = (AsyncioGuest *) guest;
  PyObject *name = self->view.state->str__current_handle;

  left->current_handle = Py_XNewRef (PyDict_GetItemWithError (self->view.dict, name));
  if (left->current_handle != NULL ? PyDict_SetItem (self->view.dict, name, Py_None) < 0
                                   : PyErr_Occurred () != NULL)
    return -1;

  return leave_c_task (self, left);
}

void
asyncio_guest_enter_task (Guest *guest, LeftTask *left)
{
  AsyncioGuest *self = (AsyncioGuest *) guest;

  reenter_task (self, left);

  if (left->current_handle == NULL)
    return;

  if (PyDict_SetItem (self->view.dict, self->view.state->str__current_handle,
                      left->current_handle) < 0)
    PyErr_WriteUnraisable (self->view.loop);
  Py_CLEAR (left->current_handle);
}
