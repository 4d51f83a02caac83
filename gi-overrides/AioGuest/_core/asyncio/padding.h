/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "loop_view.h"
#include "ready.h"

/* What stands in the ready queue for handles that an outer _run_once() has counted, see padding.c. */
typedef struct
{
  PyObject *handle; /* a cancelled one, in the queue as often as it stands for none */
  gboolean is_all;  /* there was nothing else in the queue when the last tick ended, */
  gsize changes;    /* and this was its count of changes */
  guint stock_depth; /* of the nested ticks, those inside the loop's own _run_once() */
  Py_ssize_t n_outer; /* handles that the innermost _run_once() has left to pop, at most */
} Padding;

int padding_init (Padding *self, LoopView *loop);
int padding_leave (Padding *self, LoopView *loop, gboolean is_over, Py_ssize_t n_entry);

/* Whether a handle is ready. Padding is none, for as long as nobody puts a handle behind it, nor an outer
 * _run_once() pops any of it: how much is left then nobody tells, so that has a tick, after which it is
 * known again. */
static inline gboolean
padding_has_ready (const Padding *self, const LoopView *loop)
{
  return ready_size (loop->ready) != 0 &&
         !(self->is_all && ready_changes (loop->state, loop->ready) == self->changes);
}
