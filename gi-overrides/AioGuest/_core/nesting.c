/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "frames.h"
#include "greenlets.h"
#include "interpreter.h"
#include "nesting.h"
#include "source.h"

/*
 * Main loops that are nested in a step, and the callbacks of the host that run in there.
 *
 * If a step iterates the main context, by whatever function, asyncio goes on, because nested ticks
 * suspend the step (suspend.c). Callbacks of the host that are dispatched there are not part of the
 * step either. But nothing announces them, nor the end of the nested loop. So:
 *
 *   1. A source of our own, which is never ready, has the highest priority. So its prepare is
 *      called first in each iteration of the context. If this thread is in a step, and as deep in
 *      dispatches as when the step began, then that step iterates the context. prepare takes the
 *      GIL then, once for each nested loop. Nowhere else is it taken outside of a dispatch. The
 *      thread that waits for it is the one that has just released it.
 *   2. From then on the step is watched: each Python frame that C code enters on this thread is
 *      examined before it is evaluated (frames.c). If it is deeper in dispatches than the step, it
 *      belongs to a callback of the host. The step is suspended while it is evaluated.
 *   3. A frame that is not deeper is the step's own: the nested loop is over, and the watch ends.
 *
 * While a callback, a nested tick or wait() is going on, the step around it is not watched. Each of
 * them is on top of that step on the stack, as a Step of its own.
 *
 * Code that enters no Python frame is not noticed: a function written in C that is itself a
 * callback of the host runs as part of the step.
 */

/* Finds the innermost Python frame and its current instruction. They are only compared later: the
 * frame is not accessed. */
static void
find_place (PyThreadState *thread, PyFrameObject **frame, int *instruction)
{
  *frame = PyThreadState_GetFrame (thread);
  *instruction = *frame != NULL ? PyFrame_GetLasti (*frame) : -1;

  /* The frame object lives as long as the frame is executed. If a later one has the same address,
   * and is at the same instruction, the step is watched a little longer than necessary. */
  Py_XDECREF (*frame);
}

#ifdef HAVE_FRAME_EVALUATION

/* A Python frame that was entered from C while a step was watched. */
typedef struct
{
  Step step;
  Suspension suspension;
  Guest *guest; /* whose step is suspended; NULL: none */
} FrameStep;

/* Whether the step is still in the call in which it iterates the context. Python code that runs
 * there outside of a dispatch is the prepare or check of a source, or a finalizer. */
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

  /* If the process exits inside the step, asyncio's modules are already being torn down. */
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

  /* If the step can't be suspended, the callback runs as part of it. That is better than not at
   * all. */
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

  /* Nothing to do: the step is watched already, and still (or again) handles the same exception, if
   * any. */
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

  Guest *guest; /* borrowed: the guest destroys the source */
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
