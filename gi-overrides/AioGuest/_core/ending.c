/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "ending.h"
#include "exception.h"

/*
 * The loop was stopped, or an exception got out of it. @on_end may have it go on; otherwise the run
 * is finished. The exception can't cross GLib's frames: it is kept, to be raised by the code that
 * made the guest.
 */
AioGuestTick
guest_end_or_go_on (Guest *self, AioGuestTick tick)
{
  PyObject *exception = tick == AIO_GUEST_TICK_FAILED ? core_take_exception () : NULL;
  PyObject *answer = NULL;
  int go_on = 0;

  if (self->ending.on_end != NULL)
    {
      answer = PyObject_CallOneArg (self->ending.on_end, exception != NULL ? exception : Py_None);
      go_on = answer != NULL ? PyObject_IsTrue (answer) : -1;
    }

  Py_XDECREF (answer);
  Py_CLEAR (self->ending.failed);
  if (go_on < 0)
    Py_XSETREF (exception, core_take_exception ());

  if (go_on > 0)
    Py_XDECREF (exception);
  else
    Py_XSETREF (self->ending.exception, exception);

  return go_on > 0 ? AIO_GUEST_TICK_AGAIN : AIO_GUEST_TICK_FINISHED;
}
