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
 * suspended that was begun before. Which there are only Python's collector can tell, and asking it
 * takes milliseconds, so it is asked once for each nested main loop, before that dispatches anything.
 * Nobody tells that one has begun. But each has its *place*, the address of the frame of a prepare
 * function. A place is safe if no greenlet is suspended that was begun above it or not far below. So it
 * is when there are none at all, and it stays so as long as only what is dispatched there begins some.
 */

/* A Python program that calls MainContext.iteration() in a loop has a main loop nested in each call, not
 * all at the same place: CPython soon takes another way to the same C function. What is no farther
 * below a safe place is taken for safe, too: what begins greenlets in there leaves a gap first. */
#define TOLERANCE (GUEST_NESTED_GAP / 2)

static const char *
get_place (Guest *self, int loop_depth)
{
  return self->loop_places->len > (guint) loop_depth
           ? g_ptr_array_index (self->loop_places, loop_depth)
           : NULL;
}

/* Of the safe places, the innermost last: forgets those below @place, where something has been begun or
 * is about to be. Stacks grow towards lower addresses. */
void
guest_forget_places (Guest *self, const char *place)
{
  while (self->safe_places->len > 0 &&
         (const char *) g_ptr_array_index (self->safe_places, self->safe_places->len - 1) < place)
    g_ptr_array_set_size (self->safe_places, (int) self->safe_places->len - 1);
}

static gboolean
is_safe (Guest *self, const char *place)
{
  return self->safe_places->len > 0 &&
         place + TOLERANCE >=
           (const char *) g_ptr_array_index (self->safe_places, self->safe_places->len - 1);
}

/* The greenlets that keep the guest from going on in a main loop at @loop_depth that has @place, or one
 * below: a list; None if there are none; or NULL, with an exception. */
static PyObject *
find_obstacle (Guest *self, int loop_depth, const char *place, gboolean safe)
{
  PyObject *module, *obstacle;

  if (self->find_obstacle == NULL || loop_depth < self->least_depth)
    Py_RETURN_NONE;

  module = PyImport_GetModule (self->state->str_greenlet);
  if (module == NULL)
    return PyErr_Occurred () ? NULL : Py_NewRef (Py_None);

  obstacle = PyObject_CallFunctionObjArgs (self->find_obstacle, module, safe ? Py_True : Py_False,
                                           NULL);
  Py_DECREF (module);

  /* What is dispatched there may begin greenlets above the places that are below. */
  guest_forget_places (self, place);
  if (obstacle == Py_None &&
      (self->safe_places->len == 0 ||
       place < (const char *) g_ptr_array_index (self->safe_places, self->safe_places->len - 1)))
    g_ptr_array_add (self->safe_places, (gpointer) place);

  return obstacle;
}

/* For a main loop that is about to be nested in the frame at @place. */
PyObject *
guest_find_obstacle (Guest *self, const char *place)
{
  if (self->is_atomic && self->depth > 0)
    Py_RETURN_TRUE;

  return find_obstacle (self, g_main_depth (), place, FALSE);
}

/* In the prepare of a nested main loop, with the GIL, if that is another one than the last at its depth:
 * sees whether it is safe before it dispatches anything. */
static void
begin_loop (Guest *self, int loop_depth, const char *place)
{
  PyObject *error = PyErr_Occurred () ? core_take_exception () : NULL;
  PyObject *obstacle;
  Step step;

  /* What is called here is no callback of the host's, see step.c. */
  step_begin (&step, self);

  obstacle = find_obstacle (self, loop_depth, place, is_safe (self, place));
  if (obstacle == NULL)
    PyErr_WriteUnraisable (self->loop);
  Py_XDECREF (obstacle);

  if (self->rests)
    guest_review_rest (self);

  step_end (&step);
  core_restore_exception (error);
}

/* In each prepare of the main context, without the GIL. */
void
guest_note_place (Guest *self, int loop_depth, const char *place)
{
  PyGILState_STATE gil;

  /* Those that were nested deeper are over. */
  g_ptr_array_set_size (self->loop_places,
                        loop_depth < self->least_depth
                          ? 0
                          : MIN ((int) self->loop_places->len, loop_depth + 1));

  if (loop_depth < self->least_depth || get_place (self, loop_depth) == place)
    return;

  g_ptr_array_set_size (self->loop_places, loop_depth + 1);
  g_ptr_array_index (self->loop_places, loop_depth) = (gpointer) place;

  if (self->is_copy || PyGILState_GetThisThreadState () == NULL || core_is_finalizing ())
    return;

  /* A finalizer that is called in there may end the run. */
  gil = PyGILState_Ensure ();
  Py_INCREF (self);
  begin_loop (self, loop_depth, place);
  Py_DECREF (self);
  PyGILState_Release (gil);
}

/* Tells what makes the guest rest, and the task in whose step it does, if in any. */
static void
tell_of_rest (Guest *self, PyObject *obstacle)
{
  PyObject *task = PyObject_CallOneArg (self->state->current_task, self->loop);
  PyObject *result = NULL;

  if (task != NULL)
    result = PyObject_CallFunctionObjArgs (self->on_rest, obstacle, task, NULL);

  Py_XDECREF (result);
  Py_XDECREF (task);
}

gboolean
guest_must_rest (Guest *self)
{
  const int loop_depth = g_main_depth () - 1;
  const char *place = get_place (self, loop_depth);
  PyObject *error, *obstacle;
  gboolean rests;
  Step step;

  /* What is called here is no callback of the host's, see step.c. */
  step_begin (&step, self);

  /* A host in C may iterate its context with an exception pending. */
  error = PyErr_Occurred () ? core_take_exception () : NULL;

  obstacle = find_obstacle (self, loop_depth, place, is_safe (self, place));

  /* Without an answer, for want of memory, it is safe to rest. */
  rests = obstacle != Py_None;

  if (rests && obstacle != NULL)
    tell_of_rest (self, obstacle);
  if (PyErr_Occurred ())
    PyErr_WriteUnraisable (self->loop);

  self->rests = rests;
  if (rests)
    Py_XSETREF (self->obstacle, Py_XNewRef (obstacle));

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
  for (Py_ssize_t i = 0; self->obstacle != NULL && i < PyList_GET_SIZE (self->obstacle); i++)
    {
      /* Whether the greenlet has not ended. */
      int is_there = PyObject_IsTrue (PyList_GET_ITEM (self->obstacle, i));

      if (is_there > 0)
        return;
      if (is_there < 0)
        PyErr_Clear ();
    }

  guest_end_rest (self);
}

/* A greenlet was switched away from inside a callback of the host, in a main loop nested in that greenlet.
 * GLib counts the dispatch until the greenlet goes on, so the outermost main loop seems to be nested. */
void
guest_note_left_dispatches (Guest *self)
{
  self->least_depth = MAX (self->least_depth, g_main_depth ());
  guest_end_rest (self);
}

/* The objects of a type that Python's collector knows of. */
PyObject *
core_find_instances (G_GNUC_UNUSED PyObject *module, PyObject *type)
{
  PyObject *gc, *objects = NULL, *found = NULL;

  if (!PyType_Check (type))
    {
      PyErr_SetString (PyExc_TypeError, "find_instances() takes a type");
      return NULL;
    }

  gc = PyImport_ImportModule ("gc");
  if (gc != NULL)
    objects = PyObject_CallMethod (gc, "get_objects", NULL);
  if (objects != NULL)
    found = PyList_New (0);

  for (Py_ssize_t i = 0; found != NULL && i < PyList_GET_SIZE (objects); i++)
    {
      PyObject *object = PyList_GET_ITEM (objects, i);

      if (PyObject_TypeCheck (object, (PyTypeObject *) type) && PyList_Append (found, object) < 0)
        Py_CLEAR (found);
    }

  Py_XDECREF (objects);
  Py_XDECREF (gc);
  return found;
}
