/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "frames.h"
#include "step.h"

/*
 * A step is a stretch of the guest's code: what a tick runs, or a task that is started eagerly outside
 * of one. Steps are nested as the frames of the stack are. The innermost one may be watched, see
 * nesting.c; what begins on top of it is a step of its own, or a stretch of the host's code.
 */

/* Read in prepare without the GIL: it's the thread's own, and what it points to is on its stack. */
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

/* @guest is NULL for code of the host's. */
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
