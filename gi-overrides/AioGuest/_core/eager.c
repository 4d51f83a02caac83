/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "copy.h"
#include "eager.h"
#include "greenlets.h"

static G_NO_INLINE PyObject *
call_below_gap (PyObject *function, PyObject *args, PyObject *kwargs)
{
  PyObject *result;
  GUEST_LEAVE_GAP ();

  result = PyObject_Call (function, args, kwargs);
  gap[0] = 1;

  return result;
}

/* call_step(): calls a function that runs a step of a task eagerly, not from the loop's queue. */
PyObject *
guest_call_step (PyObject *object, PyObject *args, PyObject *kwargs)
{
  Guest *self = (Guest *) object;
  PyObject *function, *rest, *result;
  Step step, *outer_step = self->step;
  int in_step = suspension_interrupts_step (self);

  if (in_step < 0)
    return NULL;

  if (PyTuple_GET_SIZE (args) == 0)
    {
      PyErr_SetString (PyExc_TypeError, "call_step() takes a function");
      return NULL;
    }

  /* As at the beginning of a tick: contexts that the host has entered stay entered. */
  if (!in_step)
    Py_XSETREF (self->base_context, Py_XNewRef (PyThreadState_Get ()->context));

  function = PyTuple_GET_ITEM (args, 0);
  rest = PyTuple_GetSlice (args, 1, PyTuple_GET_SIZE (args));
  if (rest == NULL)
    return NULL;

  step_begin (&step, self);
  self->step = &step;
  result = (guest_is_nested (self) ? call_below_gap : PyObject_Call) (function, rest, kwargs);
  if (G_UNLIKELY (guest_is_copy (self)))
    guest_end_child (self);
  self->step = outer_step;
  step_end (&step);

  Py_DECREF (rest);
  return result;
}
