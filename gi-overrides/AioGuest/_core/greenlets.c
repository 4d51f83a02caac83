/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "exception.h"
#include "greenlets.h"

/*
 * Nested main loops and greenlets.
 *
 * Synchronous code under a task may run in a greenlet, and await by switching to the greenlet that
 * runs the tick (greenback and SQLAlchemy's asyncio extension do so). When a greenlet goes on, its
 * part of the C stack is put back at the addresses where it was. In a nested main loop two things
 * go wrong:
 *
 *   1. The nested main loop has frames of its own at those addresses. The package moves them away
 *      for that time, but not the pointers to them. GObject's list of emissions has such pointers,
 *      and so have our steps (step.c).
 *   2. A main loop that is nested inside a greenlet dispatches its ticks in that greenlet. A task
 *      that awaits by a greenlet of its own switches to the greenlet in which that one was begun.
 *      This is not the one that runs the tick.
 *
 * So in a nested main loop the guest rests in two cases: the main loop runs inside a greenlet, or a
 * greenlet is suspended that was begun outside of the main loop. "Outside" means less deep in
 * dispatches, or above the tick's place on the stack. Greenlets that were begun inside lie below
 * that place, and can go on.
 */

/* In bytes of the C stack. The address that is noted for a greenlet is a little below the one where
 * it begins. So the limit between "outside" and "inside" is this much below the place of the tick.
 * Greenlets that nested ticks begin lie below a gap of twice this size. */
#define MARGIN (GUEST_NESTED_GAP / 2)

/* Returns 1, 0, or -1 with an exception. */
static int
is_greenlet_imported (void)
{
  PyObject *name = PyUnicode_InternFromString ("greenlet");
  PyObject *module = name != NULL ? PyImport_GetModule (name) : NULL;
  const gboolean is_there = module != NULL;

  Py_XDECREF (name);
  Py_XDECREF (module);

  if (is_there)
    return 1;

  return PyErr_Occurred () != NULL ? -1 : 0;
}

/* Returns the greenlets because of which the guest can't go on in a main loop: a list, None if
 * there are none, or NULL with an exception. The main loop is @loop_depth deep in dispatches. The
 * ticks that it dispatches are at the address @place of the stack, or below. */
static PyObject *
find_obstacle (Guest *self, int loop_depth, gsize place)
{
  int imported;

  if (self->rest.find_obstacle == NULL || loop_depth < self->rest.least_depth)
    Py_RETURN_NONE;

  imported = is_greenlet_imported ();
  if (imported <= 0)
    return imported < 0 ? NULL : Py_NewRef (Py_None);

  return PyObject_CallFunction (self->rest.find_obstacle, "in", loop_depth + 1, (Py_ssize_t) place);
}

/* The same for a main loop that is about to be nested. Every greenlet that is suspended now was
 * begun outside of it. Returns True if the step that nests it is atomic. */
PyObject *
guest_find_obstacle (Guest *self)
{
  if (self->rest.is_atomic && self->depth > 0)
    Py_RETURN_TRUE;

  return find_obstacle (self, g_main_depth (), 0);
}

/* Calls on_rest with the reason why the guest rests, and with the task in whose step the main loop
 * is nested, or None. */
static void
report_rest (Guest *self, PyObject *obstacle)
{
  PyObject *task = self->kind->get_task (self);
  PyObject *result = NULL;

  if (task != NULL)
    result = PyObject_CallFunctionObjArgs (self->rest.on_rest, obstacle, task, NULL);

  Py_XDECREF (result);
  Py_XDECREF (task);
}

gboolean
guest_must_rest (Guest *self, const char *place)
{
  PyObject *error, *obstacle;
  gboolean rests;
  Step step;

  /* So that the code called here does not count as a callback of the host, see nesting.c. */
  step_begin (&step, self);

  /* A host in C may iterate its context with an exception pending. */
  error = PyErr_Occurred () ? core_take_exception () : NULL;

  obstacle = find_obstacle (self, g_main_depth () - 1, (gsize) place - MARGIN);

  /* NULL: there is no answer, for example for lack of memory. Then it is safe to rest. */
  rests = obstacle != Py_None;

  if (rests && obstacle != NULL)
    report_rest (self, obstacle);
  if (PyErr_Occurred ())
    PyErr_WriteUnraisable (self->loop);

  self->rest.is_resting = rests;
  if (rests)
    Py_XSETREF (self->rest.obstacle, Py_XNewRef (obstacle));

  Py_XDECREF (obstacle);
  core_restore_exception (error);
  step_end (&step);
  return rests;
}

/* To be called when the main loop in which the guest rests may be over, and another one nested. If
 * all the greenlets that were the reason have ended, the rest ends. */
void
guest_review_rest (Guest *self)
{
  for (Py_ssize_t i = 0; self->rest.obstacle != NULL && i < PyList_GET_SIZE (self->rest.obstacle); i++)
    {
      /* A greenlet is true as long as it has begun and has not ended. */
      int is_there = PyObject_IsTrue (PyList_GET_ITEM (self->rest.obstacle, i));

      if (is_there > 0)
        return;
      if (is_there < 0)
        PyErr_Clear ();
    }

  guest_end_rest (self);
}

/* To be called after the rounds of a tick. A greenlet may have been suspended in the middle of a
 * dispatch: inside a callback of the host, in a main loop that is nested in that greenlet. GLib
 * counts the dispatch until the greenlet goes on. So the outermost main loop looks like a nested
 * one. */
void
guest_note_left_dispatches (Guest *self)
{
  if (G_LIKELY (g_main_depth () <= self->step->depth))
    return;

  self->rest.least_depth = MAX (self->rest.least_depth, g_main_depth ());
  guest_end_rest (self);
}
