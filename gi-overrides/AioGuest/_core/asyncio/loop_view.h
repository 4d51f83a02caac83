/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "check.h"

/* What a guest sees of its loop. */
typedef struct
{
  CoreState *state;
  PyObject *loop;
  PyObject *dict; /* the loop's, watched */
  LoopCheck *check; /* the loop's own or this one: */
  LoopCheck own_check;

  /* Read by guest_peek() without the GIL: only ever replaced by the owner thread, with it. */
  PyObject *ready;
  PyObject *scheduled;
} LoopView;

int loop_view_fetch_queues (LoopView *self);
int loop_view_traverse (LoopView *self, visitproc visit, void *arg);
void loop_view_clear (LoopView *self);

static inline int
loop_view_check (LoopView *self)
{
  return core_check_loop (self->state, self->check, self->loop, self->dict);
}
