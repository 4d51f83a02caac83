/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core.h"

/* The queue of ready handles, which for all that asyncio does is a deque. */

int
ready_append (CoreState *state, PyObject *ready, PyObject *handle)
{
  PyObject *result;

  if (state->deque_append != NULL && (PyObject *) Py_TYPE (ready) == state->deque_type)
    result = state->deque_append (ready, handle);
  else
    result = PyObject_CallMethodOneArg (ready, state->str_append, handle);

  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

PyObject *
ready_popleft (CoreState *state, PyObject *ready)
{
  if (state->deque_popleft != NULL && (PyObject *) Py_TYPE (ready) == state->deque_type)
    return state->deque_popleft (ready, NULL);

  return PyObject_CallMethodNoArgs (ready, state->str_popleft);
}

/* Whether the handle was cancelled: 1, 0, or -1 with an exception. */
int
handle_is_cancelled (CoreState *state, PyObject *handle)
{
  PyObject *cancelled;
  int result;

  if (state->verified && handle_is_exact (state, handle))
    {
      cancelled = handle_slot (handle, state->cancelled_offset);
      if (cancelled == Py_True || cancelled == Py_False)
        return cancelled == Py_True;
    }

  cancelled = PyObject_GetAttr (handle, state->str__cancelled);
  if (cancelled == NULL)
    return -1;

  result = PyObject_IsTrue (cancelled);
  Py_DECREF (cancelled);
  return result;
}

/*
 * Reports an exception by the handle's own _run(), so that message, keys and traceback are
 * asyncio's to the letter. For one call the handle has, in the place of its context, an object
 * whose run() puts the context back and raises the exception that was raised before. And if the
 * callback has cancelled its own handle, which leaves it without arguments to unpack, it has none
 * for that call.
 */

typedef struct
{
  PyObject_HEAD

  PyObject *handle;
  PyObject *context;
  PyObject *args; /* what the handle has instead of a tuple, or NULL */
  PyObject *type;
  PyObject *value;
  PyObject *traceback;
} Raiser;

static PyObject *
raiser_run (PyObject *object,
            G_GNUC_UNUSED PyObject *const *args,
            G_GNUC_UNUSED Py_ssize_t n_args,
            G_GNUC_UNUSED PyObject *kwnames)
{
  Raiser *self = (Raiser *) object;
  CoreState *state = core_state_of_type (Py_TYPE (self));

  if (PyObject_SetAttr (self->handle, state->str__context, self->context) < 0 ||
      (self->args != NULL && PyObject_SetAttr (self->handle, state->str__args, self->args) < 0))
    return NULL;

  PyErr_Restore (g_steal_pointer (&self->type), g_steal_pointer (&self->value),
                 g_steal_pointer (&self->traceback));
  return NULL;
}

static int
raiser_traverse (PyObject *object, visitproc visit, void *arg)
{
  Raiser *self = (Raiser *) object;

  Py_VISIT (Py_TYPE (object));
  Py_VISIT (self->handle);
  Py_VISIT (self->context);
  Py_VISIT (self->args);
  Py_VISIT (self->type);
  Py_VISIT (self->value);
  Py_VISIT (self->traceback);
  return 0;
}

static int
raiser_clear (PyObject *object)
{
  Raiser *self = (Raiser *) object;

  Py_CLEAR (self->handle);
  Py_CLEAR (self->context);
  Py_CLEAR (self->args);
  Py_CLEAR (self->type);
  Py_CLEAR (self->value);
  Py_CLEAR (self->traceback);
  return 0;
}

static void
raiser_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);
  raiser_clear (object);
  type->tp_free (object);
  Py_DECREF (type);
}

static PyMethodDef raiser_methods[] = {
  { "run", (PyCFunction) (void (*) (void)) raiser_run, METH_FASTCALL | METH_KEYWORDS, NULL },
  { NULL },
};

static PyType_Slot raiser_slots[] = {
  { Py_tp_dealloc, raiser_dealloc },
  { Py_tp_traverse, raiser_traverse },
  { Py_tp_clear, raiser_clear },
  { Py_tp_methods, raiser_methods },
  { 0, NULL },
};

PyType_Spec raiser_spec = {
  .name = "gi.overrides.AioGuest._core._Raiser",
  .basicsize = sizeof (Raiser),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
  .slots = raiser_slots,
};

static int
run_by_method (CoreState *state, PyObject *handle)
{
  PyObject *result = PyObject_CallMethodNoArgs (handle, state->str__run);

  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

/* Prepares the handle for the call of _run(). */
static int
lend_raiser (CoreState *state, Raiser *raiser)
{
  PyObject *args = handle_slot (raiser->handle, state->args_offset);

  if (args == Py_None)
    {
      PyObject *none = PyTuple_New (0);
      int result = none != NULL ? PyObject_SetAttr (raiser->handle, state->str__args, none) : -1;

      Py_XDECREF (none);
      if (result < 0)
        return -1;
      raiser->args = Py_NewRef (Py_None);
    }

  return PyObject_SetAttr (raiser->handle, state->str__context, (PyObject *) raiser);
}

/* The one of Handle itself: that of a handle with a lock may find it cancelled by now. */
static int
run_by_plain_method (CoreState *state, PyObject *handle)
{
  PyObject *method = PyObject_GetAttr (state->handle_type, state->str__run);
  PyObject *result = method != NULL ? PyObject_CallOneArg (method, handle) : NULL;

  Py_XDECREF (method);
  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

static int
report (CoreState *state, PyObject *handle, PyObject *context)
{
  PyObject *type, *value, *traceback;
  Raiser *raiser;
  int result = -1;

  if (PyErr_ExceptionMatches (PyExc_SystemExit) || PyErr_ExceptionMatches (PyExc_KeyboardInterrupt))
    return -1;

  PyErr_Fetch (&type, &value, &traceback);

  raiser = (Raiser *) PyType_GenericAlloc ((PyTypeObject *) state->raiser_type, 0);
  if (raiser == NULL)
    {
      Py_XDECREF (type);
      Py_XDECREF (value);
      Py_XDECREF (traceback);
      return -1;
    }

  raiser->handle = Py_NewRef (handle);
  raiser->context = Py_NewRef (context);
  raiser->type = type;
  raiser->value = value;
  raiser->traceback = traceback;

  if (lend_raiser (state, raiser) == 0)
    result = run_by_plain_method (state, handle);

  Py_DECREF (raiser);
  return result;
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
      outcome = report (state, handle, context);
    }
  else
    {
      result = call_with_tuple (callback, args);
      Py_XDECREF (result);

      if (PyContext_Exit (context) < 0)
        outcome = -1;
      else if (result == NULL)
        outcome = report (state, handle, context);
    }

  Py_DECREF (callback);
  Py_DECREF (args);
  Py_DECREF (context);
  return outcome;
}

static int
release (CoreState *state, PyObject *lock)
{
  PyObject *type, *value, *traceback;
  PyObject *result;

  PyErr_Fetch (&type, &value, &traceback);
  result = PyObject_CallMethodNoArgs (lock, state->str_release);

  if (result != NULL)
    {
      PyErr_Restore (type, value, traceback);
    }
  else
    {
      Py_XDECREF (type);
      Py_XDECREF (value);
      Py_XDECREF (traceback);
    }

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
handle_run (Guest *self, PyObject *handle)
{
  CoreState *state = self->state;

  /* Only the classes whose every slot is known. */
  if (!handle_is_exact (state, handle))
    return run_by_method (state, handle);

  if (state->lock_offset != 0 && (PyObject *) Py_TYPE (handle) == state->thread_safe_handle_type)
    return run_locked (state, handle);

  return run_unlocked (state, handle);
}
