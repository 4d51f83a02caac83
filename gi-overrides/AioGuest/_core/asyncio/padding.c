/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "padding.h"

/*
 * A tick may be dispatched inside a handle that an outer tick runs. The outer one, if
 * native, just finds fewer handles to do. But _run_once() has counted the handles it will pop,
 * and pops blindly; so before a nested tick returns into one, it fills the ready queue up with
 * cancelled handles to the length that it had, or that an earlier tick nested in the same round
 * had found, if that is less: the outer one does not pop what has come since, and the queue would
 * grow by each nesting. They are no work: peek knows a queue of nothing else. If the nested tick has ended
 * the run they go before the handles that are left, which stay in the queue then, as when
 * run_forever() raises.
 */

/* @handle is a cancelled one. */
int
padding_init (Padding *self, LoopView *loop)
{
  PyObject *args = PyTuple_New (0);
  PyObject *result = NULL;

  if (args != NULL)
    self->handle =
      PyObject_CallFunctionObjArgs (loop->state->handle_type, Py_None, args, loop->loop, NULL);
  if (self->handle != NULL)
    result = PyObject_CallMethodNoArgs (self->handle, loop->state->str_cancel);

  Py_XDECREF (args);
  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

static int
pad_ready (Padding *self, LoopView *loop, Py_ssize_t n_wanted)
{
  while (Py_SIZE (loop->ready) < n_wanted)
    {
      if (ready_append (loop->state, loop->ready, self->handle) < 0)
        return -1;
    }

  return 0;
}

static int
pad_ready_in_front (Padding *self, LoopView *loop, Py_ssize_t n_wanted)
{
  for (; n_wanted > 0; n_wanted--)
    {
      PyObject *result = PyObject_CallMethodOneArg (loop->ready, loop->state->str_appendleft,
                                                    self->handle);

      if (result == NULL)
        return -1;

      Py_DECREF (result);
    }

  return 0;
}

/* For an outer _run_once(), which goes on popping however this tick has ended. */
int
padding_leave (Padding *self, LoopView *loop, gboolean is_over, Py_ssize_t n_entry)
{
  const gboolean was_empty = Py_SIZE (loop->ready) == 0;
  int result = 0;

  if (self->stock_depth > 0)
    result = is_over ? pad_ready_in_front (self, loop, n_entry) : pad_ready (self, loop, n_entry);

  /* Where changes are not counted, padding is taken for work: peek then costs ticks, but loses none. */
  self->is_all = was_empty && loop->state->deque_changes_offset != 0;
  self->changes = self->is_all ? ready_changes (loop->state, loop->ready) : 0;

  return result;
}
