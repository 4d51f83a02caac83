/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "suspend.h"

typedef struct _Step Step;

/* A stretch of the guest's code on this thread, or of the host's inside one. Lives on the C stack. */
struct _Step
{
  Step *outer;
  Guest *guest; /* NULL: the host's */
  int depth;    /* of dispatches */

  gboolean is_watched; /* it iterates the main context, or did so last */
  _PyErr_StackItem *handled;
  PyFrameObject *frame; /* not a reference */
  int instruction;
};

/* A Python frame that was entered from C while a step was watched. */
typedef struct
{
  Step step;
  Suspension suspension;
  Guest *guest; /* NULL: it is not suspended */
} StepFrame;

void step_begin (Step *step, Guest *guest);
void step_end (Step *step);
void step_stop_watching (Step *step);

gboolean step_enter_frame (StepFrame *self, PyThreadState *thread);
void step_leave_frame (StepFrame *self);

void guest_watch_nesting (Guest *self, GMainContext *context);
void guest_unwatch_nesting (Guest *self);

PyObject *guest_call_step (PyObject *object, PyObject *args, PyObject *kwargs);

/* To be called where code of the guest's ends and other such code begins. */
static inline void
step_forget_nested (Step *step)
{
  if (G_UNLIKELY (step->is_watched))
    step_stop_watching (step);
}
