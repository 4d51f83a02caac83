/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "queues.h"

int
guest_fetch_queues (Guest *self)
{
  CoreState *state = self->state;
  PyObject *ready, *scheduled;

  if (guest_check_loop (self) < 0)
    return -1;

  ready = self->check->ready;
  scheduled = self->check->scheduled;
  if (G_LIKELY (ready == self->ready && scheduled == self->scheduled))
    return 0;

  /* The size that guest_peek() reads is where these two types have it. */
  if (ready == NULL || !PyObject_TypeCheck (ready, (PyTypeObject *) state->deque_type) ||
      scheduled == NULL || !PyList_Check (scheduled))
    {
      PyErr_SetString (PyExc_TypeError, "the event loop has no queue of ready handles, or no "
                                        "list of timers");
      return -1;
    }

  Py_INCREF (ready);
  Py_INCREF (scheduled);
  Py_XSETREF (self->ready, ready);
  self->only_padding = FALSE;
  Py_XSETREF (self->scheduled, scheduled);
  return 0;
}
