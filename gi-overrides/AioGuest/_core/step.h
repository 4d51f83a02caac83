/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "suspend.h"

typedef struct _Step Step;

/* A stretch of the guest's code on this thread, or of the host's code inside such a stretch. Lives
 * on the C stack. */
struct _Step
{
  Step *outer;
  Guest *guest; /* NULL: code of the host */
  int depth;    /* g_main_depth() when it began */

  gboolean is_watched; /* it iterates the main context, or did when it was last seen */
  /* Where the step was when the watch began: */
  _PyErr_StackItem *handled; /* its link in the chain of handled exceptions */
  PyFrameObject *frame;      /* the innermost Python frame; not a reference */
  int instruction;           /* of that frame */
};

/* The innermost step of this thread, or NULL. */
extern G_GNUC_INTERNAL _Thread_local Step *step_innermost;

void step_begin (Step *step, Guest *guest);
void step_end (Step *step);
void step_start_watching (Step *step);
void step_stop_watching (Step *step);

/* Ends the watch of the step. To be called between two pieces of its code, such as two handles: no
 * main loop is nested in it there. */
static inline void
step_forget_nested (Step *step)
{
  if (G_UNLIKELY (step->is_watched))
    step_stop_watching (step);
}
