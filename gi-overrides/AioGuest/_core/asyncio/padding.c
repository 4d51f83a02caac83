/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "padding.h"

/*
 * A tick may be dispatched inside a handle that an outer tick runs. An outer native tick then just
 * finds fewer handles to run. But an outer _run_once() has counted the handles that it will pop,
 * and pops as many without a check. So before a nested tick returns into it, the tick fills the
 * ready queue up with cancelled handles: the padding.
 *
 * The length to fill up to is the one that the queue had when the nested tick began, or when an
 * earlier tick that was nested in the same round began, whichever is less. The outer _run_once()
 * does not pop handles that have come since. If they were counted, the queue would grow with each
 * nesting.
 *
 * Padding is not work: peek recognizes a queue that has nothing else. If the nested tick has ended
 * the run, the padding goes before the handles that are left. These then stay in the queue, as when
 * run_forever() raises.
 */

/* Makes the cancelled handle that is used as padding. */
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

/* Pads the queue for an outer _run_once(), which goes on popping however this tick has ended. */
int
padding_leave (Padding *self, LoopView *loop, gboolean is_over, Py_ssize_t n_entry)
{
  const gboolean was_empty = Py_SIZE (loop->ready) == 0;
  int result = 0;

  if (self->stock_depth > 0)
    result = is_over ? pad_ready_in_front (self, loop, n_entry) : pad_ready (self, loop, n_entry);

  /* If the count of changes is unknown, padding is taken for work. peek then causes ticks with
   * nothing to do, but misses no work. */
  self->is_all = was_empty && loop->state->deque_changes_offset != 0;
  self->changes = self->is_all ? ready_changes (loop->state, loop->ready) : 0;

  return result;
}
