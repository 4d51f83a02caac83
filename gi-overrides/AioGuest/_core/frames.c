/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "frames.h"

/*
 * The frame evaluation function (PEP 523): the interpreter calls it for every Python frame that C
 * code enters. Ours is installed only while some step of some thread is watched (see nesting.c),
 * because with it all calls between Python functions use the C stack, on all threads.
 *
 * HAVE_FRAME_EVALUATION says that this Python has such a function, with the signatures used here;
 * meson.build compiles a test. Without it no step is ever watched.
 *
 * All functions here are called with the GIL held, which guards the variables.
 */

#ifdef HAVE_FRAME_EVALUATION

/* While our function is installed, the Python frames of all threads take room on the C stack. If a
 * thread has this many of them, our function is removed, so that the thread can go on. No step is
 * watched until it has returned from there. */
#define DEEP 200

static guint n_watched;                 /* watched steps of all threads */
static guint n_deep;                    /* threads that are DEEP or deeper */
static _Thread_local guint frame_depth; /* of frames evaluated by evaluate_plainly() */

static gboolean is_installed;
static _PyFrameEvalFunction next; /* which ours has replaced, and calls; valid when installed */
static FramesWatcher watcher;

static PyObject *evaluate (PyThreadState *thread, struct _PyInterpreterFrame *frame, int throwing);

/*
 * Installs or removes our function. Another module may have installed its own function over ours,
 * and call ours from it. Then ours can't be removed, and stays, which does no harm, until it is
 * found on top again.
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
  /* An exception is pending: one of the host, or one that is thrown into a generator. It must not
   * be touched. */
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
  /* The function of another module was over ours, and is gone. That module has put back the one
   * from before ours. */
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
