/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "copy.h"
#include "exception.h"

#include <sysexits.h>
#include <unistd.h>

/*
 * The copy of a guest in a forked child, where it does nothing. If one of its steps has forked, that
 * step goes on in the child, on top of ticks that are the parent's. None of them may return: the
 * process ends where the step comes back to the innermost one.
 *
 * The run is never over in the child, so its reference to the guest is never dropped, and nothing that
 * the guest holds is ever freed: the finally: of a task would run.
 */

/* In the child. It ends by end(exception or None) where a step comes back. */
PyObject *
guest_forget (PyObject *object, PyObject *end)
{
  Guest *self = (Guest *) object;

  Py_XSETREF (self->end_child, Py_NewRef (end));
  Py_RETURN_NONE;
}

/* The exception that is pending, if any, is what the step has come to. */
void
guest_end_child (Guest *self)
{
  PyObject *exception = core_take_exception ();

  PyObject_CallOneArg (self->end_child, exception != NULL ? exception : Py_None);

  /* For want of memory. */
  _exit (EX_SOFTWARE);
}
