/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "greenlets.h"
#include "iterate.h"
#include "step.h"
#include "suspend.h"

/*
 * Iterates the main context for run() and wait(), until a future is done or the run is over.
 */

/* Whether the future is done: 1, 0, or -1 with an exception. */
static int
future_is_done (PyObject *future)
{
  PyObject *done;
  int result;

  if (future == Py_None)
    return 0;

  done = PyObject_CallMethod (future, "done", NULL);
  result = done != NULL ? PyObject_IsTrue (done) : -1;

  Py_XDECREF (done);
  return result;
}

/*
 * Iterates without the GIL, because a busy thread may keep it for long while the host has work to
 * do. Returns when the run is over, when a tick has been dispatched, or when an iteration has
 * dispatched nothing, because a signal may have interrupted its wait. A tick is dispatched for a
 * future that is done, and for a signal that was written to Python's wakeup descriptor. In a child
 * that was forked in here the run is not seen to end.
 */
static void
iterate_without_gil (Guest *self, AioGuestRun *run, GMainContext *context)
{
  guint64 n_ticks = aio_guest_run_get_ticks (run);

  while (g_main_context_iteration (context, TRUE) &&
         aio_guest_run_get_ticks (run) == n_ticks && !guest_is_copy (self) &&
         aio_guest_run_get_state (run) == AIO_GUEST_RUN_STATE_RUNNING)
    ;
}

/* Iterates the run's main context by GLib's own function, without the wrapper that PyGObject has
 * for it. */
static int
iterate (Guest *self, GMainContext *context, PyObject *future)
{
  g_autoptr (AioGuestRun) run = g_object_ref (self->run);
  int stop;

  while ((stop = future_is_done (future)) == 0 && !guest_is_copy (self) &&
         aio_guest_run_get_state (run) == AIO_GUEST_RUN_STATE_RUNNING)
    {
      Py_BEGIN_ALLOW_THREADS
      iterate_without_gil (self, run, context);
      Py_END_ALLOW_THREADS

      /* PyGObject turns a warning of GLib into a Python warning, and a filter may turn that into an
       * exception. */
      if (PyErr_Occurred () != NULL || PyErr_CheckSignals () < 0)
        {
          stop = -1;
          break;
        }
    }

  return MIN (stop, 0);
}

/* The same inside a step, which is suspended meanwhile. */
static int
iterate_in_step (Guest *self, GMainContext *context, PyObject *future)
{
  Step host;
  Suspension suspension;
  int result;

  step_begin (&host, NULL);
  result = suspension_begin_host (&suspension, self, PyThreadState_Get ()->exc_info);
  if (result == 0)
    result = iterate (self, context, future);
  suspension_end (&suspension, self);
  step_end (&host);

  return result;
}

/* @future is None to iterate until the run is over. */
PyObject *
guest_iterate (Guest *self, PyObject *future)
{
  g_autoptr (GMainContext) context = NULL;
  int in_step;
  int result;

  if (self->run == NULL || aio_guest_run_get_main_context (self->run) == NULL)
    Py_RETURN_NONE;

  /* The run may drop it meanwhile. */
  context = g_main_context_ref (aio_guest_run_get_main_context (self->run));

  in_step = suspension_interrupts_step (self);
  if (in_step < 0)
    return NULL;

  if (!g_main_context_acquire (context))
    {
      PyErr_SetString (PyExc_RuntimeError, "the main context is owned by another thread");
      return NULL;
    }

  guest_end_rest (self);
  result = (in_step ? iterate_in_step : iterate) (self, context, future);
  g_main_context_release (context);

  if (result < 0)
    return NULL;

  Py_RETURN_NONE;
}
