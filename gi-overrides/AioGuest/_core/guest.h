/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "step.h"

/*
 * What every guest of Python's needs of a run: the base type. A kind of guest derives from it, and does by
 * these functions what is its own. All but @peek are called with the GIL.
 */
typedef struct
{
  /* Runs what is ready, and says what is to come. @can_run is FALSE if an exception is pending, which
   * kept the tick from beginning: it is to be handled as one that came out of the rounds. */
  AioGuestTick (*tick) (Guest *self, gboolean can_run, gint64 slice_end, gint64 *next_ready_time);
  /* Whether there is work that neither a descriptor nor a deadline tells of. Without the GIL. */
  gboolean (*peek) (Guest *self);
  /* The task whose step is going on, as a new reference; None if there is none. */
  PyObject *(*get_task) (Guest *self);
  /* Takes that task off, and puts it back. After an error what was taken off is put back, too. */
  int (*leave_task) (Guest *self, LeftTask *left);
  void (*enter_task) (Guest *self, LeftTask *left);
} GuestKind;

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

/* The end of the run, see ending.c. */
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

  const GuestKind *kind;
  PyObject *loop; /* what is run, for messages and whoever asks */
  AioGuestRun *run;
  Rest rest;
  Ending ending;
  Copy copy;

  Step *step;  /* of the innermost tick, or of the task that is begun eagerly on top of it */
  guint depth; /* of nested ticks */
  PyObject *base_context; /* the innermost one entered when the outermost tick began, or NULL */

  GSource *signal_source; /* NULL if signals are not watched */
  GSource *nesting_source;

  gboolean is_attached;
  guint64 thread_state; /* the identifier of the owner's */
  PyObject *host_error; /* was pending when the tick began; until it can be so again */
};

extern PyType_Spec guest_spec;

int core_init_pygobject (void);

int guest_make_run (Guest *self, int descriptor, AioGuestPollMode mode);
int guest_traverse (Guest *self, visitproc visit, void *arg);
void guest_clear (Guest *self);
void guest_end_run (Guest *self);

PyObject *guest_attach (Guest *self, PyObject *context);

static inline gboolean
guest_is_going_on (Guest *self)
{
  return aio_guest_run_get_state (self->run) == AIO_GUEST_RUN_STATE_RUNNING;
}
