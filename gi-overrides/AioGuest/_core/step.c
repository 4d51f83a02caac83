/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "frames.h"
#include "step.h"

/*
 * A step is a stretch of the guest's code: all that a tick runs, or a step of a task that is run
 * eagerly (eager.c). Steps nest like the frames of the stack. The innermost one may be watched, see
 * nesting.c. Code that begins on top of it is a Step of its own, also if it is code of the host.
 */

/* prepare reads it without the GIL: the variable belongs to this thread, and the step is on its
 * stack. */
_Thread_local Step *step_innermost;

static void
watch (Step *step)
{
#ifdef HAVE_FRAME_EVALUATION
  if (step != NULL && step->is_watched)
    frames_watch ();
#else
  (void) step;
#endif
}

static void
unwatch (Step *step)
{
#ifdef HAVE_FRAME_EVALUATION
  if (step != NULL && step->is_watched)
    frames_unwatch ();
#else
  (void) step;
#endif
}

/* @guest is NULL for code of the host. */
void
step_begin (Step *step, Guest *guest)
{
  memset (step, 0, sizeof *step);
  step->guest = guest;
  step->depth = g_main_depth ();

  unwatch (step_innermost);
  step->outer = step_innermost;
  step_innermost = step;
}

void
step_end (Step *step)
{
  step_forget_nested (step);
  step_innermost = step->outer;
  watch (step_innermost);
}

void
step_start_watching (Step *step)
{
  step->is_watched = TRUE;
  watch (step);
}

void
step_stop_watching (Step *step)
{
  unwatch (step);
  step->is_watched = FALSE;
}
