/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "copy.h"
#include "exception.h"

#include <signal.h>
#include <unistd.h>

/*
 * The copy of a guest in a forked child, where it does nothing. If one of its steps has forked, or
 * a callback inside of one, that step goes on in the child; what comes after it is seen to here. The
 * ticks on the stack run nothing more, and return; so the child is back in the host's main loop.
 *
 * Nothing that the guest knows of is ever freed: a task's finally: would run. The run, which is never
 * over in the child, holds a reference to the guest.
 */

/* In the child. @tasks are those of the loop; nobody else may hold them. @end ends the process
 * by an exception. */
int
guest_become_copy (Guest *self, PyObject *tasks, PyObject *end)
{
  self->copy.is_copy = TRUE;
  Py_XSETREF (self->copy.end, Py_NewRef (end));

  if (self->copy.kept == NULL)
    self->copy.kept = PyList_New (0);

  return self->copy.kept != NULL ? PyList_Append (self->copy.kept, tasks) : -1;
}

/* Ends the process as one does that @exception gets out of. The stack is not unwound: the
 * frames on it are the parent's. */
PyObject *
core_end_process (G_GNUC_UNUSED PyObject *module, PyObject *exception)
{
  const gboolean interrupted = PyErr_GivenExceptionMatches (exception, PyExc_KeyboardInterrupt);

  core_restore_exception (Py_NewRef (exception));

  /* A SystemExit ends it, unless Python is to go on interactively. */
  PyErr_Print ();

  if (interrupted)
    {
      Py_FinalizeEx ();
      (void) signal (SIGINT, SIG_DFL);
      (void) kill (getpid (), SIGINT);
      _exit (128 + SIGINT);
    }

  Py_RETURN_NONE;
}

static void
end_process_by (PyObject *end)
{
  PyObject *exception = core_take_exception ();
  PyObject *result = PyObject_CallOneArg (end, exception);

  if (result == NULL)
    PyErr_Print ();
  Py_XDECREF (result);
  Py_DECREF (exception);
}

/* The end of a tick in the child; before it the tick would have been @tick. */
AioGuestTick
guest_leave_copy (Guest *self, AioGuestTick tick)
{
  if (tick == AIO_GUEST_TICK_FAILED)
    {
      if (!PyErr_ExceptionMatches (PyExc_SystemExit) &&
          !PyErr_ExceptionMatches (PyExc_KeyboardInterrupt))
        PyErr_Print ();
      else
        end_process_by (self->copy.end);
    }

  if (self->ending.on_end != NULL)
    {
      PyObject *result = PyObject_CallOneArg (self->ending.on_end, Py_None);

      if (result == NULL)
        PyErr_WriteUnraisable (self->loop);
      Py_XDECREF (result);
    }

  Py_CLEAR (self->ending.failed);
  return AIO_GUEST_TICK_WAIT;
}
