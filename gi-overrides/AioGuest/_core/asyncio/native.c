/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "clock.h"
#include "deadline.h"
#include "events.h"
#include "../exception.h"
#include "execute.h"
#include "handle.h"
#include "heap.h"
#include "native.h"
#include "ready.h"
#include "../step.h"

/*
 * One round of a loop, in C: the steps of asyncio's BaseEventLoop._run_once(), in the same order,
 * except that it never waits. The clock is read after each handle. If the slice ends before all
 * handles of the round have run, AsyncioGuest.todo is the number of those left, and they run before
 * the selector is asked again.
 */

/* Returns a new reference to the loop's list of timers. After each call into Python it must be
 * fetched again: the comparison of two timers may be Python code that ticks the loop, and
 * _run_once() puts a new list in place of the old one. */
static PyObject *
fetch_scheduled (AsyncioGuest *self)
{
  PyObject *scheduled = loop_view_check (&self->view) == 0 ? self->view.check->scheduled : NULL;

  if (scheduled != NULL && PyList_CheckExact (scheduled))
    return Py_NewRef (scheduled);

  if (!PyErr_Occurred ())
    PyErr_SetString (PyExc_TypeError, "the event loop's list of timers is not a list");
  return NULL;
}

static int
set_scheduled (CoreState *state, PyObject *timer, PyObject *value)
{
  if ((PyObject *) Py_TYPE (timer) != state->timer_handle_type)
    return PyObject_SetAttr (timer, state->str__scheduled, value);

  handle_set_slot (timer, state->scheduled_offset, value);
  return 0;
}

/* Pops the first timer, as a new reference. */
static PyObject *
pop_timer (AsyncioGuest *self, PyObject *scheduled)
{
  PyObject *timer = heap_pop (self->view.state, scheduled);

  if (timer != NULL && set_scheduled (self->view.state, timer, Py_False) < 0)
    Py_CLEAR (timer);

  return timer;
}

/* Appends the timer to the list @kept, or drops it if it was cancelled. */
static int
keep_or_drop (CoreState *state, PyObject *kept, PyObject *timer)
{
  int cancelled = handle_is_cancelled (state, timer);

  if (cancelled < 0)
    return -1;
  if (cancelled)
    return set_scheduled (state, timer, Py_False);

  return PyList_Append (kept, timer);
}

/* Replaces the list of timers by one without cancelled timers. Most timers are cancelled before
 * they are due, so a list may have hardly any others. */
static int
rebuild_scheduled (AsyncioGuest *self, PyObject *scheduled)
{
  CoreState *state = self->view.state;
  PyObject *kept = PyList_New (0);
  int result = -1;

  if (kept == NULL)
    return -1;

  for (Py_ssize_t i = 0; i < PyList_GET_SIZE (scheduled); i++)
    {
      PyObject *timer = Py_NewRef (PyList_GET_ITEM (scheduled, i));
      int done = keep_or_drop (state, kept, timer);

      Py_DECREF (timer);
      if (done < 0)
        goto out;
    }

  if (heap_heapify (state, kept) == 0 &&
      PyDict_SetItem (self->view.dict, state->str__scheduled, kept) == 0)
    result = core_set_cancelled_count (state, self->view.check, self->view.dict, 0);

out:
  Py_DECREF (kept);
  return result;
}

/* 1 if the first timer was cancelled; 0 if not, or if there is no timer; -1 with an exception. */
static int
first_is_cancelled (CoreState *state, PyObject *scheduled)
{
  PyObject *timer;
  int cancelled;

  if (PyList_GET_SIZE (scheduled) == 0)
    return 0;

  timer = Py_NewRef (PyList_GET_ITEM (scheduled, 0));
  cancelled = handle_is_cancelled (state, timer);
  Py_DECREF (timer);
  return cancelled;
}

/* 1 if the first timer is due; 0 if not, or if there is no timer; -1 with an exception. */
static int
first_is_due (CoreState *state, PyObject *scheduled, double end_time)
{
  PyObject *timer;
  double when;
  int due;

  if (PyList_GET_SIZE (scheduled) == 0)
    return 0;

  timer = Py_NewRef (PyList_GET_ITEM (scheduled, 0));
  due = timer_when (state, timer, &when) < 0 ? -1 : !(when >= end_time);
  Py_DECREF (timer);
  return due;
}

static int
drop_cancelled_timers (AsyncioGuest *self)
{
  CoreState *state = self->view.state;
  PyObject *scheduled = fetch_scheduled (self);
  Py_ssize_t n_scheduled = scheduled != NULL ? PyList_GET_SIZE (scheduled) : 0;
  Py_ssize_t n_cancelled = n_scheduled > 0 ? core_cancelled_count (state, self->view.dict) : 0;
  int result;

  if (scheduled == NULL || (n_cancelled < 0 && PyErr_Occurred ()))
    {
      Py_XDECREF (scheduled);
      return -1;
    }

  if (n_scheduled > state->min_scheduled_timer_handles &&
      (double) n_cancelled / (double) n_scheduled > state->min_cancelled_timer_handles_fraction)
    {
      result = rebuild_scheduled (self, scheduled);
      Py_DECREF (scheduled);
      return result;
    }

  while ((result = first_is_cancelled (state, scheduled)) > 0)
    {
      PyObject *timer = NULL;

      /* The comparisons of timers in the last pop may have cancelled more of them. */
      n_cancelled = core_cancelled_count (state, self->view.dict);
      if (!PyErr_Occurred () &&
          core_set_cancelled_count (state, self->view.check, self->view.dict, n_cancelled - 1) == 0)
        timer = pop_timer (self, scheduled);

      Py_DECREF (scheduled);
      scheduled = timer != NULL ? fetch_scheduled (self) : NULL;
      Py_XDECREF (timer);

      if (scheduled == NULL)
        return -1;
    }

  Py_DECREF (scheduled);
  return result;
}

/* Moves a timer that was popped to the ready queue. If there is no memory for that, it goes back
 * into the list of timers. */
static int
make_ready (AsyncioGuest *self, PyObject *scheduled, PyObject *timer)
{
  PyObject *exception;

  if (ready_append (self->view.state, self->view.ready, timer) == 0)
    return 0;

  exception = core_take_exception ();
  if (set_scheduled (self->view.state, timer, Py_True) < 0 ||
      heap_push (self->view.state, scheduled, timer) < 0)
    PyErr_WriteUnraisable (timer);
  core_restore_exception (exception);

  return -1;
}

static int
collect_due_timers (AsyncioGuest *self)
{
  CoreState *state = self->view.state;
  PyObject *scheduled = fetch_scheduled (self);
  PyObject *resolution;
  double end_time;
  int result;

  if (scheduled == NULL)
    return -1;
  if (PyList_GET_SIZE (scheduled) == 0)
    {
      Py_DECREF (scheduled);
      return 0;
    }

  resolution = PyDict_GetItemWithError (self->view.dict, state->str__clock_resolution);
  end_time = core_time ();
  if (resolution != NULL)
    end_time += PyFloat_AsDouble (resolution);

  result = PyErr_Occurred () ? -1 : first_is_due (state, scheduled, end_time);
  while (result > 0)
    {
      PyObject *timer = pop_timer (self, scheduled);
      int appended = timer != NULL ? make_ready (self, scheduled, timer) : -1;

      Py_DECREF (scheduled);
      scheduled = appended == 0 ? fetch_scheduled (self) : NULL;
      Py_XDECREF (timer);

      result = scheduled != NULL ? first_is_due (state, scheduled, end_time) : -1;
    }

  Py_XDECREF (scheduled);
  return result;
}

Py_ssize_t
asyncio_guest_native_round (AsyncioGuest *self, gint64 slice_end)
{
  Py_ssize_t n_run = 0;

  if (self->todo == 0)
    {
      if (drop_cancelled_timers (self) < 0 || asyncio_guest_process_events (self) < 0 ||
          collect_due_timers (self) < 0 || asyncio_guest_fetch_queues (self) < 0)
        return -1;

      self->todo = Py_SIZE (self->view.ready);
    }

  /* A nested tick takes handles from the same count, and may begin another round. If it ends the
   * run, the handles that are left stay in the queue, as they do when run_forever() raises. */
  while (self->todo > 0 && Py_SIZE (self->view.ready) > 0 && !self->base.ending.is_over)
    {
      PyObject *handle = ready_popleft (self->view.state, self->view.ready);
      int cancelled;
      int outcome;

      if (handle == NULL)
        return -1;

      self->todo--;
      n_run++;

      /* A cancelled handle is dropped without a call. */
      cancelled = handle_is_cancelled (self->view.state, handle);
      outcome = cancelled != 0 ? MIN (cancelled, 0) : handle_run (self->view.state, handle);
      step_forget_nested (self->base.step);

      if (outcome < 0)
        {
          Py_XSETREF (self->base.ending.failed, handle);
          return -1;
        }
      Py_DECREF (handle);

      if (self->todo > 0 && g_get_monotonic_time () >= slice_end)
        return n_run;
    }

  self->todo = 0;
  return n_run;
}
