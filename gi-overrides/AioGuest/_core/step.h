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

/* The one that this thread is in, or NULL. */
extern G_GNUC_INTERNAL _Thread_local Step *step_innermost;

void step_begin (Step *step, Guest *guest);
void step_end (Step *step);
void step_start_watching (Step *step);
void step_stop_watching (Step *step);

/* To be called where code of the guest's ends and other such code begins. */
static inline void
step_forget_nested (Step *step)
{
  if (G_UNLIKELY (step->is_watched))
    step_stop_watching (step);
}
