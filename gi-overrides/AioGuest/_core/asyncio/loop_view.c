/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "loop_view.h"

/* Fetches the queues that the loop has now: 1 if that of the handles is another one, else 0, or -1 with
 * an exception. */
int
loop_view_fetch_queues (LoopView *self)
{
  PyObject *ready, *scheduled;

  if (loop_view_check (self) < 0)
    return -1;

  ready = self->check->ready;
  scheduled = self->check->scheduled;
  if (G_LIKELY (ready == self->ready && scheduled == self->scheduled))
    return 0;

  /* The size that guest_peek() reads is where these two types have it. */
  if (ready == NULL || !PyObject_TypeCheck (ready, (PyTypeObject *) self->state->deque_type) ||
      scheduled == NULL || !PyList_Check (scheduled))
    {
      PyErr_SetString (PyExc_TypeError, "the event loop has no queue of ready handles, or no "
                                        "list of timers");
      return -1;
    }

  Py_INCREF (ready);
  Py_INCREF (scheduled);
  Py_XSETREF (self->ready, ready);
  Py_XSETREF (self->scheduled, scheduled);
  return 1;
}

int
loop_view_traverse (LoopView *self, visitproc visit, void *arg)
{
  Py_VISIT (self->loop);
  Py_VISIT (self->dict);
  Py_VISIT (self->ready);
  Py_VISIT (self->scheduled);
  return 0;
}

void
loop_view_clear (LoopView *self)
{
  Py_CLEAR (self->loop);
  Py_CLEAR (self->dict);
  Py_CLEAR (self->ready);
  Py_CLEAR (self->scheduled);
}
