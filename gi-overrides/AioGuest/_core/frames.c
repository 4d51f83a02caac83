/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "frames.h"

/*
 * The frame evaluation function (PEP 523): the interpreter calls it for every Python frame that C
 * code enters. It is ours as long as some step of some thread is watched (see nesting.c), and at no
 * other time, because with it Python calls Python by way of the C stack, on all threads.
 *
 * HAVE_FRAME_EVALUATION says that this Python has it, with the signatures used here; meson.build
 * compiles a test. Without it no step is ever watched.
 *
 * All of it is called with the GIL held, which guards the variables.
 */

#ifdef HAVE_FRAME_EVALUATION

/* With us between them, Python frames of other threads take room on the C stack. A thread that has
 * got so deep must go on without; then no step is watched until it is back. */
#define DEEP 200

static guint n_watched;                 /* steps, of all threads */
static guint n_deep;                    /* threads */
static _Thread_local guint frame_depth; /* of frames evaluated by evaluate_plainly() */

static gboolean is_installed;
static _PyFrameEvalFunction next; /* whose place we have taken; valid when installed */
static FramesWatcher watcher;

static PyObject *evaluate (PyThreadState *thread, struct _PyInterpreterFrame *frame, int throwing);

/*
 * Somebody else may have put theirs in the place of ours meanwhile, with ours as the one that they
 * call. Then ours stays below, where it does no harm, until it is found on top again.
 */
static void
update (void)
{
  PyInterpreterState *interpreter = PyInterpreterState_Get ();
  const gboolean wanted = n_watched > 0 && n_deep == 0;
  _PyFrameEvalFunction current;

  if (wanted == is_installed)
    return;

  current = _PyInterpreterState_GetEvalFrameFunc (interpreter);

  if (wanted)
    {
      next = current;
      _PyInterpreterState_SetEvalFrameFunc (interpreter, evaluate);
      is_installed = TRUE;
    }
  else if (current == evaluate)
    {
      _PyInterpreterState_SetEvalFrameFunc (interpreter, next);
      is_installed = FALSE;
    }
}

static PyObject *
evaluate_plainly (PyThreadState *thread, struct _PyInterpreterFrame *frame, int throwing)
{
  _PyFrameEvalFunction function = next;
  PyObject *result;

  if (++frame_depth == DEEP)
    n_deep++;
  update ();

  result = function (thread, frame, throwing);

  if (frame_depth-- == DEEP)
    n_deep--;
  update ();

  return result;
}

static PyObject *
evaluate (PyThreadState *thread, struct _PyInterpreterFrame *frame, int throwing)
{
  /* An exception on its way, of the host's or into a generator, is not ours to touch. */
  if (throwing || PyErr_Occurred ())
    return evaluate_plainly (thread, frame, throwing);

  return watcher (thread, frame);
}

PyObject *
frames_evaluate (PyThreadState *thread, struct _PyInterpreterFrame *frame)
{
  return next (thread, frame, FALSE);
}

PyObject *
frames_evaluate_unwatched (PyThreadState *thread, struct _PyInterpreterFrame *frame)
{
  return evaluate_plainly (thread, frame, FALSE);
}

void
frames_set_watcher (FramesWatcher function)
{
  watcher = function;
}

void
frames_watch (void)
{
  /* Theirs has gone, and has put back what was there before ours. */
  if (is_installed && _PyInterpreterState_GetEvalFrameFunc (PyInterpreterState_Get ()) == next)
    is_installed = FALSE;

  n_watched++;
  update ();
}

void
frames_unwatch (void)
{
  n_watched--;
  update ();
}

#endif
