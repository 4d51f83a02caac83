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

  gboolean may_native; /* the native tick is verified, and was not ruled out by the program */
  int logged_native;   /* which kind of tick was logged last: 1 native, 0 stock, -1 none yet */
  Py_ssize_t n_scheduled; /* timers at the end of the last tick; -1 from the start of a round on */
  Py_ssize_t todo;     /* handles that the current round has still to run; nested ticks share it */
  gboolean had_io;     /* the selector has reported events in the innermost tick, or may have */
  gboolean has_events; /* the same for the current round */
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
