/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "step.h"

/*
 * Guest is the base type of all guests that run Python code: it connects them with their run. A
 * kind of guest, such as an asyncio loop, is a subtype. Its GuestKind has the functions that are
 * specific to it. They are called with the GIL, except @peek.
 */
typedef struct
{
  /* Runs what is ready. Returns how the run goes on, and sets the time of the next timer. If
   * @can_run is FALSE, an exception is pending that kept the tick from running anything. It must
   * be handled like an exception that the rounds have raised. */
  AioGuestTick (*tick) (Guest *self, gboolean can_run, gint64 slice_end, gint64 *next_ready_time);
  /* Whether there is work that no descriptor and no deadline shows. Called without the GIL. */
  gboolean (*peek) (Guest *self);
  /* Returns the task whose step is going on, or None: a new reference; NULL with an exception. */
  PyObject *(*get_task) (Guest *self);
  /* leave_task() makes that task no longer the current one, and enter_task() makes it current
   * again. If leave_task() fails, enter_task() undoes the part that was done. */
  int (*leave_task) (Guest *self, LeftTask *left);
  void (*enter_task) (Guest *self, LeftTask *left);
} GuestKind;

/* Whether the guest rests in a nested main loop, see greenlets.c. */
typedef struct
{
  gboolean is_atomic;      /* it rests in every main loop that is nested in one of its steps */
  int least_depth;         /* the least g_main_depth() of a tick; a greater one: in a nested loop */
  PyObject *find_obstacle; /* called to find why the guest must rest in one; NULL: it never must */
  PyObject *on_rest;       /* called when the guest rests, with that reason and the task */
  gboolean is_resting;     /* since the last tick */
  PyObject *obstacle;      /* list: why it rests, or has rested last; NULL: not known */
} Rest;

/* The end of the run, see ending.c. */
typedef struct
{
  gboolean is_over;    /* may be set by a handle, while its tick goes on */
  PyObject *on_end;    /* called when the run is about to end; if it returns true the run goes on */
  PyObject *exception; /* the one that got out of the loop, which ended the run */
  PyObject *failed;    /* the handle that raised it, kept with its task until @on_end returns */
} Ending;

struct _Guest
{
  PyObject_HEAD

  const GuestKind *kind;
  PyObject *loop; /* the event loop, or whatever else runs the tasks; named in messages */
  AioGuestRun *run;
  Rest rest;
  Ending ending;
  PyObject *end_child; /* ends a forked child, see copy.c; NULL in any other process */

  Step *step;  /* of the innermost tick, or of a task that is started eagerly on top of it */
  guint depth; /* of nested ticks */
  PyObject *base_context; /* the contextvars context in which the outermost tick began, or NULL */

  GSource *signal_source; /* NULL if signals are not watched */
  GSource *nesting_source;

  gboolean is_attached;
  guint64 thread_state; /* the identifier of the owner's thread state */
  PyObject *host_error; /* the host's, pending when the tick began; set again after it */
};

extern PyType_Spec guest_spec;

int core_init_pygobject (void);

int guest_make_run (Guest *self, int descriptor, AioGuestPollMode mode);
int guest_traverse (Guest *self, visitproc visit, void *arg);
void guest_clear (Guest *self);
void guest_end_run (Guest *self);

PyObject *guest_attach (Guest *self, PyObject *context);

static inline gboolean
guest_is_copy (Guest *self)
{
  return self->end_child != NULL;
}

static inline gboolean
guest_is_going_on (Guest *self)
{
  return aio_guest_run_get_state (self->run) == AIO_GUEST_RUN_STATE_RUNNING;
}
