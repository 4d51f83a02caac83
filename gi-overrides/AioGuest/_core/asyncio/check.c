/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "check.h"

/*
 * Whether all methods that a loop has at this moment are methods that probe.c has verified. The
 * type of the loop, the loop object itself and the types of its handles can override one, also
 * during a run.
 *
 * The check takes a dozen look-ups. So its answer is kept until a version number changes. There is
 * one for each of three types, which the interpreter's method caches use, too, and one for the
 * loop's dict (watch.c).
 */

/* The attribute that @type would have without its base LoopBase: a borrowed reference. NULL if
 * there is none, or with an exception. */
static PyObject *
lookup_below_base (CoreState *state, PyTypeObject *type, PyObject *name)
{
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE (type->tp_mro); i++)
    {
      PyTypeObject *base = (PyTypeObject *) PyTuple_GET_ITEM (type->tp_mro, i);
      PyObject *found;

      if ((PyObject *) base == state->loop_base_type || base->tp_dict == NULL)
        continue;

      found = PyDict_GetItemWithError (base->tp_dict, name);
      if (found != NULL || PyErr_Occurred ())
        return found;
    }

  return NULL;
}

static gboolean
is_of_loop (const VerifiedMethod *method)
{
  return method->owner == METHOD_OF_BASE_LOOP || method->owner == METHOD_OF_SELECTOR_LOOP;
}

/* The type that the method is looked up in; a borrowed reference. */
static PyTypeObject *
get_owner (CoreState *state, const VerifiedMethod *method, PyTypeObject *loop_type)
{
  switch (method->owner)
    {
    case METHOD_OF_HANDLE:
      return (PyTypeObject *) state->handle_type;
    case METHOD_OF_TIMER_HANDLE:
      return (PyTypeObject *) state->timer_handle_type;
    case METHOD_OF_THREAD_SAFE_HANDLE:
      return (PyTypeObject *) state->thread_safe_handle_type;
    default:
      return loop_type;
    }
}

/* Gives the type a version tag, if it has none. The look-up of an attribute does that. */
static int
ensure_version (CoreState *state, PyObject *type)
{
  PyObject *found = PyObject_GetAttr (type, state->str___init__);

  Py_XDECREF (found);
  return found != NULL ? 0 : -1;
}

static int
check_types (CoreState *state, LoopCheck *check, PyTypeObject *type)
{
  check->type_version = 0;
  check->type_does = state->verified ? DOES_ALL : 0;

  if (ensure_version (state, (PyObject *) type) < 0 ||
      ensure_version (state, state->timer_handle_type) < 0 ||
      ensure_version (state, state->thread_safe_handle_type) < 0)
    return -1;

  for (int i = 0; i < N_VERIFIED_METHODS; i++)
    {
      const VerifiedMethod *method = &state->methods[i];
      PyTypeObject *owner = get_owner (state, method, type);

      if (lookup_below_base (state, owner, method->name) == method->function)
        continue;
      if (PyErr_Occurred ())
        return -1;

      check->type_does &= ~method->does;
    }

  check->timer_handle_version = core_type_version (state->timer_handle_type);
  check->thread_safe_handle_version = core_type_version (state->thread_safe_handle_type);
  /* If one of the types has no version tag, or nothing can be watched, changes go unnoticed.
   * Then the answer is not kept. */
  if (core_can_watch (state) && check->timer_handle_version != 0 &&
      check->thread_safe_handle_version != 0)
    check->type_version = core_type_version ((PyObject *) type);

  return 0;
}

static int
check_dict (CoreState *state, LoopCheck *check, PyObject *dict)
{
  CoreDoes does = check->type_does;
  PyObject *debug = NULL;
  PyObject *closed = NULL;
  const struct
  {
    PyObject *name;
    PyObject **value;
  } attributes[] = {
    { state->str__debug, &debug },
    { state->str__closed, &closed },
    { state->str__ready, &check->ready },
    { state->str__scheduled, &check->scheduled },
    { state->str__selector, &check->selector },
    { state->str__stopping, &check->stopping },
  };

  check->does = 0;
  check->dict_version = core_loop_version (dict);

  for (gsize i = 0; i < G_N_ELEMENTS (attributes); i++)
    {
      *attributes[i].value = PyDict_GetItemWithError (dict, attributes[i].name);
      if (*attributes[i].value == NULL && PyErr_Occurred ())
        return -1;
    }

  for (int i = 0; i < N_VERIFIED_METHODS; i++)
    {
      const VerifiedMethod *method = &state->methods[i];
      int overridden = is_of_loop (method) ? PyDict_Contains (dict, method->name) : 0;

      if (overridden < 0)
        return -1;
      if (overridden)
        does &= ~method->does;
    }

  if (debug != Py_False)
    does &= ~DOES_WITHOUT_DEBUG;
  if (closed != Py_False)
    does &= ~DOES_WHILE_OPEN;
  if (check->ready == NULL)
    does &= ~(DOES_CALL_SOON | DOES_CALL_SOON_THREADSAFE);
  if (check->scheduled == NULL || !PyList_CheckExact (check->scheduled))
    does &= ~(DOES_TICK | DOES_CALL_AT | DOES_CALL_LATER);

  check->does = does;
  return 0;
}

int
core_check_anew (CoreState *state, LoopCheck *check, PyObject *loop, PyObject *dict)
{
  const gboolean types_are_known =
    check->type_version != 0 &&
    check->type_version == core_type_version ((PyObject *) Py_TYPE (loop)) &&
    check->timer_handle_version == core_type_version (state->timer_handle_type) &&
    check->thread_safe_handle_version == core_type_version (state->thread_safe_handle_type);

  if ((types_are_known || check_types (state, check, Py_TYPE (loop)) == 0) &&
      check_dict (state, check, dict) == 0)
    return 0;

  check->type_version = 0;
  return -1;
}

/* The number of cancelled timers in the loop's list, as asyncio has counted them. */
Py_ssize_t
core_cancelled_count (CoreState *state, PyObject *dict)
{
  PyObject *value = PyDict_GetItemWithError (dict, state->str__timer_cancelled_count);

  if (value == NULL)
    return PyErr_Occurred () ? -1 : 0;

  return PyLong_AsSsize_t (value);
}

/* The count is in the loop's dict, so setting it changes the version of the dict. @check does
 * not depend on the count, and stays valid. */
int
core_set_cancelled_count (CoreState *state, LoopCheck *check, PyObject *dict, Py_ssize_t count)
{
  const gboolean was_known = check->dict_version == core_loop_version (dict);
  PyObject *value = PyLong_FromSsize_t (count);
  int result =
    value != NULL ? PyDict_SetItem (dict, state->str__timer_cancelled_count, value) : -1;

  if (was_known)
    check->dict_version = core_loop_version (dict);

  Py_XDECREF (value);
  return result;
}
