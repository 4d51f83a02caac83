/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "frames.h"
#include "greenlets.h"
#include "interpreter.h"
#include "nesting.h"
#include "source.h"

/*
 * Main loops nested in a step: what the host's callbacks see in there.
 *
 * If a step iterates the main context, by whatever function, asyncio goes on, because nested ticks
 * suspend the step (suspend.c). Callbacks of the host that are dispatched there are
 * not the step's either; but nobody tells of them, nor of the end of the nested loop. So:
 *
 *   1. A source of our own, which is never ready, has the highest priority, so that its prepare is
 *      called first in each iteration of the context. If this thread is in a step, and as deep in
 *      dispatches as when the step began, then the step iterates the context. This is where the GIL
 *      is taken outside of a dispatch: once for a nested loop, and the thread that waits for it
 *      is the one that has just let go of it.
 *   2. From then on the step is watched: each Python frame that is entered from C on this thread
 *      is looked at before it is evaluated (frames.c). Deeper in dispatches than the step it is
 *      that of a callback of the host: while it is evaluated, the step is suspended.
 *   3. A frame that is not deeper is the step's own: the nested loop is over, and the watch with it.
 *
 * While a callback, a nested tick or wait() is going on the step around it is not watched: they
 * are on top of it on the stack, each as a step of its own, or as a stretch of the host's code.
 *
 * What does not enter a Python frame is not seen: a function written in C that is itself a
 * callback of the host runs as part of the step.
 */

/* The innermost Python frame and where it is, to be compared only: it is not looked into. */
static void
find_place (PyThreadState *thread, PyFrameObject **frame, int *instruction)
{
  *frame = PyThreadState_GetFrame (thread);
  *instruction = *frame != NULL ? PyFrame_GetLasti (*frame) : -1;

  /* Python keeps it as long as the frame is executed; if another one takes its place, then at the
   * same instruction, the step is watched a little longer. */
  Py_XDECREF (*frame);
}

#ifdef HAVE_FRAME_EVALUATION

/* A Python frame that was entered from C while a step was watched. */
typedef struct
{
  Step step;
  Suspension suspension;
  Guest *guest; /* NULL: it is not suspended */
} FrameStep;

/* Whether the step is still in the call in which it iterates the context. Python code that is run
 * there outside of a dispatch is that of a source's prepare and check, or a finalizer. */
static gboolean
is_in_same_call (Step *step, PyThreadState *thread)
{
  PyFrameObject *frame;
  int instruction;

  find_place (thread, &frame, &instruction);
  return frame == step->frame && instruction == step->instruction;
}

static gboolean
enter_frame (FrameStep *self, PyThreadState *thread)
{
  Step *step = step_innermost;
  gboolean is_host;

  /* Of a process that exits inside the step: asyncio is going to pieces. */
  if (step == NULL || !step->is_watched || core_is_finalizing ())
    return FALSE;

  /* Nor is there anything to be told apart in a forked child. */
  if (guest_is_copy (step->guest))
    {
      step_stop_watching (step);
      return FALSE;
    }

  is_host = g_main_depth () > step->depth;
  if (!is_host && !is_in_same_call (step, thread))
    {
      step_stop_watching (step);
      return FALSE;
    }

  step_begin (&self->step, is_host ? NULL : step->guest);
  self->guest = is_host ? step->guest : NULL;

  /* If it can't be suspended the callback is part of the step: better than not called at all. */
  if (is_host && suspension_begin_host (&self->suspension, self->guest, step->handled) < 0)
    {
      PyErr_WriteUnraisable (self->guest->loop);
      suspension_end (&self->suspension, self->guest);
      self->guest = NULL;
    }

  return TRUE;
}

static void
leave_frame (FrameStep *self)
{
  if (self->guest != NULL)
    suspension_end (&self->suspension, self->guest);

  step_end (&self->step);
}

static PyObject *
evaluate (PyThreadState *thread, struct _PyInterpreterFrame *frame)
{
  FrameStep place;
  PyObject *result;

  if (!enter_frame (&place, thread))
    return frames_evaluate_unwatched (thread, frame);

  result = frames_evaluate (thread, frame);
  leave_frame (&place);

  return result;
}

#endif

static void
watch_from_prepare (Step *step)
{
  PyThreadState *thread = PyGILState_GetThisThreadState ();
  PyGILState_STATE gil;

  /* Watched already, and still (or again) where it handles the same exception, if any. */
  if (thread == NULL || core_is_finalizing () ||
      (step->is_watched && step->handled == thread->exc_info))
    return;

  gil = PyGILState_Ensure ();

  step_forget_nested (step);
  step->handled = thread->exc_info;
  find_place (thread, &step->frame, &step->instruction);
#ifdef HAVE_FRAME_EVALUATION
  frames_set_watcher (evaluate);
#endif
  step_start_watching (step);

  if (step->guest->rest.is_resting)
    guest_review_rest (step->guest);

  PyGILState_Release (gil);
}

typedef struct
{
  GSource parent;

  Guest *guest; /* borrowed: it destroys the source */
} NestingSource;

static gboolean
nesting_prepare (GSource *source, int *timeout)
{
  Guest *guest = ((NestingSource *) source)->guest;
  Step *step = step_innermost;

  *timeout = -1;

  if (G_UNLIKELY (step != NULL && step->guest == guest && !guest_is_copy (guest) &&
                  step->depth == g_main_depth ()))
    watch_from_prepare (step);

  return FALSE;
}

static GSourceFuncs nesting_source_funcs = {
  .prepare = nesting_prepare,
};

void
guest_watch_nesting (Guest *self, GMainContext *context)
{
  self->nesting_source = g_source_new (&nesting_source_funcs, sizeof (NestingSource));
  ((NestingSource *) self->nesting_source)->guest = self;

  g_source_set_static_name (self->nesting_source, "[aioguest] nesting");
  g_source_set_priority (self->nesting_source, G_MININT);
  g_source_attach (self->nesting_source, context);
}

void
guest_unwatch_nesting (Guest *self)
{
  core_drop_source (&self->nesting_source);
}
