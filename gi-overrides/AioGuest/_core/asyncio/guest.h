/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "../guest.h"
#include "descriptors.h"
#include "looks.h"
#include "padding.h"

/* A guest that is one asyncio loop. */
typedef struct
{
  Guest base;

  LoopView view;
  SelectorView selector;
  Descriptors descriptors;
  Padding padding;
  Looks looks;

  gboolean may_native;
  int told_native; /* the kind of tick that was logged last, -1 for none */
  Py_ssize_t n_scheduled; /* at the end of the last tick; -1 since a round began */
  Py_ssize_t todo;     /* handles left of the round that is going on, shared by nested ticks */
  gboolean had_io;     /* the selector has told of something since the innermost tick began, or may */
  gboolean has_events; /* it has in the round that is going on, or may have */
} AsyncioGuest;

extern PyType_Spec asyncio_guest_spec;

static inline int
asyncio_guest_fetch_queues (AsyncioGuest *self)
{
  int replaced = loop_view_fetch_queues (&self->view);

  if (G_UNLIKELY (replaced > 0))
    self->padding.is_all = FALSE;

  return MIN (replaced, 0);
}

static inline int
asyncio_guest_sync_descriptors (AsyncioGuest *self)
{
  return descriptors_sync (&self->descriptors, self->view.state, &self->selector,
                           aio_guest_run_get_poller (self->base.run));
}
