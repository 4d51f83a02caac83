/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../exception.h"
#include "execute.h"
#include "handle.h"
#include "report.h"

/* Running one handle. */

static int
run_by_method (CoreState *state, PyObject *handle)
{
  PyObject *result = PyObject_CallMethodNoArgs (handle, state->str__run);

  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

#define SMALL_ARGS 6

static PyObject *
call_with_tuple (PyObject *callback, PyObject *args)
{
  const Py_ssize_t n_args = PyTuple_GET_SIZE (args);
  PyObject *stack[1 + SMALL_ARGS];

  if (n_args > SMALL_ARGS)
    return PyObject_Call (callback, args, NULL);

  /* With a free slot before the arguments a bound method needs no copy of them. */
  stack[0] = NULL;
  for (Py_ssize_t i = 0; i < n_args; i++)
    stack[1 + i] = PyTuple_GET_ITEM (args, i);

  return PyObject_Vectorcall (callback, stack + 1, n_args | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
}

static int
run_unlocked (CoreState *state, PyObject *handle)
{
  PyObject *callback, *args, *context, *result;
  int outcome = 0;

  callback = handle_slot (handle, state->callback_offset);
  args = handle_slot (handle, state->args_offset);
  context = handle_slot (handle, state->context_offset);

  if (callback == NULL || args == NULL || !PyTuple_CheckExact (args) || context == NULL ||
      !PyContext_CheckExact (context))
    return run_by_method (state, handle);

  /* The callback may cancel its own handle, which clears the slots. */
  Py_INCREF (callback);
  Py_INCREF (args);
  Py_INCREF (context);

  if (PyContext_Enter (context) < 0)
    {
      outcome = handle_report (state, handle, context);
    }
  else
    {
      result = call_with_tuple (callback, args);
      Py_XDECREF (result);

      if (PyContext_Exit (context) < 0)
        outcome = -1;
      else if (result == NULL)
        outcome = handle_report (state, handle, context);
    }

  Py_DECREF (callback);
  Py_DECREF (args);
  Py_DECREF (context);
  return outcome;
}

static int
release (CoreState *state, PyObject *lock)
{
  PyObject *exception = core_take_exception ();
  PyObject *result = PyObject_CallMethodNoArgs (lock, state->str_release);

  if (result != NULL)
    core_restore_exception (exception);
  else
    Py_XDECREF (exception);

  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

/* For a handle that another thread may cancel. */
static int
run_locked (CoreState *state, PyObject *handle)
{
  PyObject *lock = handle_slot (handle, state->lock_offset);
  PyObject *acquired;
  int cancelled;
  int outcome;

  if (lock == NULL || (PyObject *) Py_TYPE (lock) != state->rlock_type)
    return run_by_method (state, handle);

  Py_INCREF (lock);
  acquired = PyObject_CallMethodNoArgs (lock, state->str_acquire);
  if (acquired == NULL)
    {
      Py_DECREF (lock);
      return -1;
    }
  Py_DECREF (acquired);

  cancelled = handle_is_cancelled (state, handle);
  outcome = cancelled != 0 ? MIN (cancelled, 0) : run_unlocked (state, handle);

  if (release (state, lock) < 0)
    outcome = -1;

  Py_DECREF (lock);
  return outcome;
}

/*
 * Does what the handle's _run() does, for one that was not cancelled. Returns -1 only for the
 * exceptions that _run() lets through, or that a user's exception handler raised.
 */
int
handle_run (CoreState *state, PyObject *handle)
{
  /* Only of these classes all slots are known. */
  if (!handle_is_exact (state, handle))
    return run_by_method (state, handle);

  if (state->lock_offset != 0 && (PyObject *) Py_TYPE (handle) == state->thread_safe_handle_type)
    return run_locked (state, handle);

  return run_unlocked (state, handle);
}
