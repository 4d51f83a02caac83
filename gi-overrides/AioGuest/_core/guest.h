/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "descriptors.h"
#include "looks.h"
#include "padding.h"
#include "step.h"

/* The rest in nested main loops, see greenlets.c. */
typedef struct
{
  gboolean is_atomic;      /* it rests in all that are nested in the guest's steps */
  int least_depth;         /* of the dispatches that ticks were in: more are in nested main loops */
  PyObject *find_obstacle; /* says what makes the guest rest in one; NULL: nothing does */
  PyObject *on_rest;       /* is told */
  gboolean is_resting;     /* since the last tick */
  PyObject *obstacle;      /* a list of what it rests for, or did so last; NULL: not known */
} Rest;

/* The end of the run, see end_or_go_on() in tick.c. */
typedef struct
{
  gboolean is_over;    /* perhaps inside a handle of a tick that goes on */
  PyObject *on_end;    /* asked whether the run is to end */
  PyObject *exception; /* the one that ended the run, by getting out of the loop */
  PyObject *failed;    /* the handle that it came from, and so its task, until @on_end was asked */
} Ending;

/* Of a guest in a forked child, see copy.c. */
typedef struct
{
  gboolean is_copy;
  PyObject *kept; /* list: what is not to be freed in the child; else NULL */
  PyObject *end;  /* ends the child by an exception */
} Copy;

struct _Guest
{
  PyObject_HEAD

  LoopView view;
  SelectorView selector;
  Descriptors descriptors;
  Padding padding;
  Looks looks;
  Rest rest;
  Ending ending;
  Copy copy;
  AioGuestRun *run;
  gboolean may_native;
  int told_native; /* the kind of tick that was logged last, -1 for none */

  Py_ssize_t n_scheduled; /* at the end of the last tick; -1 since a round began */

  Py_ssize_t todo;   /* handles left of the round that is going on, shared by nested ticks */
  Step *step;        /* of the innermost tick, or of the task that is begun eagerly on top of it */
  gboolean had_io;   /* the selector has told of something since the innermost tick began, or may */
  gboolean has_events; /* it has in the round that is going on, or may have */
  guint depth;       /* of nested ticks */
  PyObject *base_context; /* the innermost one entered when the outermost tick began, or NULL */

  GSource *signal_source; /* NULL if signals are not watched */
  GSource *nesting_source;

  gboolean is_attached;
  guint64 thread_state; /* the identifier of the owner's */
  PyObject *host_error; /* was pending when the tick began; until it can be so again */
};

extern PyType_Spec guest_spec;

int core_init_pygobject (void);

static inline int
guest_fetch_queues (Guest *self)
{
  int replaced = loop_view_fetch_queues (&self->view);

  if (G_UNLIKELY (replaced > 0))
    self->padding.is_all = FALSE;

  return MIN (replaced, 0);
}

static inline int
guest_sync_descriptors (Guest *self)
{
  return descriptors_sync (&self->descriptors, self->view.state, &self->selector,
                           aio_guest_run_get_poller (self->run));
}
