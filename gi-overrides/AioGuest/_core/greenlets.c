/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "exception.h"
#include "greenlets.h"

/*
 * Nested main loops and greenlets.
 *
 * Synchronous code under a task may run in a greenlet, and await by a switch to the greenlet that runs
 * the tick (greenback, SQLAlchemy's asyncio extension). A greenlet that is switched to gets its part of
 * the C stack back at the addresses where it was. In a nested main loop two things go wrong:
 *
 *   1. The nested main loop has frames of its own at those addresses. greenlet moves them away for the
 *      time, but not what points to them: GObject's list of emissions, and our steps (step.c).
 *   2. A main loop nested inside a greenlet ticks there. A task that awaits by a greenlet of its own
 *      switches to the greenlet that it was begun by, which is another one.
 *
 * So in a nested main loop the guest rests if the loop runs inside a greenlet, or if a greenlet is
 * suspended that was begun outside of it: less deep in dispatches, or above the tick's place on the stack.
 * Those that are begun in the nested main loop lie below, and go on.
 */

/* Bytes of the stack: a greenlet is begun a little above where that is noted, and what the tick itself needs
 * lies a little below its place. What is begun in nested ticks lies below a gap of twice that. */
#define MARGIN (GUEST_NESTED_GAP / 2)

/* 1, 0, or -1 with an exception. */
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

/* What keeps the guest from going on in a main loop at @loop_depth, which dispatches at @place of the stack
 * or below: a list of greenlets; None if there are none; or NULL, with an exception. */
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

/* For a main loop that is about to be nested: whichever greenlet is suspended was so before. */
PyObject *
guest_find_obstacle (Guest *self)
{
  if (self->rest.is_atomic && self->depth > 0)
    Py_RETURN_TRUE;

  return find_obstacle (self, g_main_depth (), 0);
}

/* Tells what makes the guest rest, and the task in whose step it does, if in any. */
static void
tell_of_rest (Guest *self, PyObject *obstacle)
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

  /* What is called here is no callback of the host's, see nesting.c. */
  step_begin (&step, self);

  /* A host in C may iterate its context with an exception pending. */
  error = PyErr_Occurred () ? core_take_exception () : NULL;

  obstacle = find_obstacle (self, g_main_depth () - 1, (gsize) place - MARGIN);

  /* Without an answer, for want of memory, it is safe to rest. */
  rests = obstacle != Py_None;

  if (rests && obstacle != NULL)
    tell_of_rest (self, obstacle);
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

/* To be called where the main loop in which the guest rests may be over, and another one nested: if what
 * was in the way is not there any more, the guest is to look again. */
void
guest_review_rest (Guest *self)
{
  for (Py_ssize_t i = 0; self->rest.obstacle != NULL && i < PyList_GET_SIZE (self->rest.obstacle); i++)
    {
      /* Whether the greenlet has not ended. */
      int is_there = PyObject_IsTrue (PyList_GET_ITEM (self->rest.obstacle, i));

      if (is_there > 0)
        return;
      if (is_there < 0)
        PyErr_Clear ();
    }

  guest_end_rest (self);
}

/* To be called after a round. A greenlet may have been switched away from inside a callback of the host, in a
 * main loop nested in that greenlet. GLib counts the dispatch until the greenlet goes on, so the outermost
 * main loop seems to be nested. */
void
guest_note_left_dispatches (Guest *self)
{
  if (G_LIKELY (g_main_depth () <= self->step->depth))
    return;

  self->rest.least_depth = MAX (self->rest.least_depth, g_main_depth ());
  guest_end_rest (self);
}
