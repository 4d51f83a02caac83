/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kind.h"

/* Which kind of tick a loop gets, and why. */

/* Whether the loop, as it is now, can be ticked natively: 1, 0, or -1 with an exception. */
int
asyncio_guest_may_native (AsyncioGuest *self)
{
  if (!self->may_native)
    return 0;

  if (loop_view_check (&self->view) < 0)
    return -1;

  return (self->view.check->does & DOES_TICK) != 0;
}

/* Returns why this loop, as it is now, is ticked by its own _run_once(), as text. Returns None if
 * it is not, and NULL with an exception. */
PyObject *
asyncio_guest_why_stock (AsyncioGuest *self)
{
  CoreState *state = self->view.state;
  int native = asyncio_guest_may_native (self);

  if (native != 0)
    return native < 0 ? NULL : Py_NewRef (Py_None);

  if (state->difference != NULL)
    return PyUnicode_FromFormat ("it can't be used: %s", state->difference);
  if (!self->may_native)
    return PyUnicode_FromString ("it was asked for");

  if (PyDict_GetItemWithError (self->view.dict, state->str__debug) != Py_False)
    return PyErr_Occurred () ? NULL : PyUnicode_FromString ("the loop is in debug mode");

  if (!PyList_CheckExact (self->view.scheduled))
    return PyUnicode_FromString ("the loop has its timers in a list of another kind");

  return PyUnicode_FromString ("the loop or its handles have methods in the place of asyncio's");
}

/* Logs which kind of tick this is, if it differs from the one that was logged last. */
void
asyncio_guest_log_kind (AsyncioGuest *self, int native)
{
  PyObject *why = native != self->logged_native ? asyncio_guest_why_stock (self) : NULL;

  self->logged_native = native;
  if (why != NULL)
    g_log ("AioGuest", G_LOG_LEVEL_MESSAGE, "run %p \"%s\": %s tick%s%s", self->base.run,
           aio_guest_run_get_name (self->base.run), native ? "native" : "stock",
           native ? "" : ", because ", native ? "" : PyUnicode_AsUTF8 (why));

  PyErr_Clear ();
  Py_XDECREF (why);
}
