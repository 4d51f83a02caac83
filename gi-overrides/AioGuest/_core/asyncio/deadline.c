/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "clock.h"
#include "deadline.h"
#include "handle.h"

#include <math.h>

/*
 * The time at which the loop must be ticked for its timers.
 *
 * asyncio waits for whole milliseconds, rounded up, so that timers that are due within the same one
 * share a wake-up. The run's deadline is in microseconds. If each of many timers had a wake-up of
 * its own, that would cost more than the timers' own work. So if the first timer is due within
 * CLOSE, and the second within SHARED_WAIT, the deadline is SHARED_WAIT from now, for both. A timer
 * without such a second one is waited for exactly.
 */

#define CLOSE 100           /* microseconds */
#define SHARED_WAIT 1000    /* microseconds: as asyncio waits */
#define LATEST 1e12         /* seconds, about 30,000 years: a later time is never */

static gint64
to_microseconds (double seconds)
{
  /* Rounded up: a timer must never be early. Not-a-number compares false, so it is due at once. */
  return seconds >= LATEST ? -1 : (gint64) ceil (MAX (seconds, 0.0) * 1e6);
}

/* Finds the timer's time, by the loop's clock. Returns -1 with an exception. */
int
timer_when (CoreState *state, PyObject *timer, double *when)
{
  const gboolean has_slot =
    state->verified && (PyObject *) Py_TYPE (timer) == state->timer_handle_type;
  PyObject *value = has_slot ? Py_XNewRef (handle_slot (timer, state->when_offset)) : NULL;

  if (value == NULL && (value = PyObject_GetAttr (timer, state->str__when)) == NULL)
    return -1;

  *when = PyFloat_AsDouble (value);
  Py_DECREF (value);
  return *when == -1.0 && PyErr_Occurred () ? -1 : 0;
}

static int
when_at (LoopView *self, Py_ssize_t i, double *when)
{
  PyObject *timer = Py_NewRef (PyList_GET_ITEM (self->scheduled, i));
  int result = timer_when (self->state, timer, when);

  Py_DECREF (timer);
  return result;
}

/* Whether a timer is due by asyncio's clock: 1, 0, or -1 with an exception. */
int
loop_view_has_due_timer (LoopView *self)
{
  double when;

  if (PyList_GET_SIZE (self->scheduled) == 0 || (self->check->does & DOES_TIME) == 0)
    return 0;

  return when_at (self, 0, &when) < 0 ? -1 : when <= core_time ();
}

/* Whether the timer after the first one is due before @end, too: 1, 0, or -1 with an exception. In
 * a heap that timer is at index 1 or 2. */
static int
second_is_before (LoopView *self, gint64 end)
{
  for (Py_ssize_t i = 1; i <= 2 && i < PyList_GET_SIZE (self->scheduled); i++)
    {
      double when;

      if (when_at (self, i, &when) < 0)
        return -1;
      if (when * 1e6 < (double) end)
        return 1;
    }

  return 0;
}

static int
put_off_if_shared (LoopView *self, gint64 *ready_time)
{
  const gint64 now = g_get_monotonic_time ();
  int shared;

  if (*ready_time <= now || *ready_time >= now + CLOSE)
    return 0;

  shared = second_is_before (self, now + SHARED_WAIT);
  if (shared > 0)
    *ready_time = now + SHARED_WAIT;

  return MIN (shared, 0);
}

/* Finds the time of the first timer, by GLib's clock; -1: never. Returns -1 with an exception. */
int
loop_view_get_next_ready_time (LoopView *self, gint64 *next_ready_time)
{
  PyObject *now;
  double due;

  *next_ready_time = -1;

  if (PyList_GET_SIZE (self->scheduled) == 0)
    return 0;

  if (when_at (self, 0, &due) < 0)
    return -1;

  /* asyncio's clock is GLib's: CLOCK_MONOTONIC. */
  if (self->check->does & DOES_TIME)
    {
      *next_ready_time = to_microseconds (due);
      return *next_ready_time >= 0 ? put_off_if_shared (self, next_ready_time) : 0;
    }

  /* The loop has a clock of its own. */
  now = PyObject_CallMethodNoArgs (self->loop, self->state->str_time);
  if (now == NULL)
    return -1;

  due -= PyFloat_AsDouble (now);
  Py_DECREF (now);
  if (PyErr_Occurred ())
    return -1;

  *next_ready_time = to_microseconds (due);
  if (*next_ready_time >= 0)
    *next_ready_time += g_get_monotonic_time ();

  return 0;
}
