/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "loop_view.h"
#include "ready.h"

/* The padding of the ready queue, see padding.c. */
typedef struct
{
  PyObject *handle; /* a cancelled one, which may be in the queue several times */
  gboolean is_all;  /* nothing else was in the queue when the last tick ended */
  gsize changes;    /* the queue's count of changes then */
  guint stock_depth; /* how many calls of the loop's own _run_once() are going on */
  Py_ssize_t n_outer; /* the most handles that the innermost of them may still pop */
} Padding;

int padding_init (Padding *self, LoopView *loop);
int padding_leave (Padding *self, LoopView *loop, gboolean is_over, Py_ssize_t n_entry);

/* Whether a handle is ready. A queue of padding only does not count, as long as it has not changed
 * since the last tick. If somebody has put a handle behind the padding, or an outer _run_once() has
 * popped some of it, it is unknown how much is left. Then it counts as ready, and the next tick
 * finds out. */
static inline gboolean
padding_has_ready (const Padding *self, const LoopView *loop)
{
  return ready_size (loop->ready) != 0 &&
         !(self->is_all && ready_changes (loop->state, loop->ready) == self->changes);
}
