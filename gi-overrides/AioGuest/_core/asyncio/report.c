/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../exception.h"
#include "handle.h"
#include "report.h"

/*
 * Reports an exception by the handle's own _run(), so that message, keys and traceback are exactly
 * asyncio's. For one call the handle has a Raiser in place of its context. The Raiser's run() puts
 * the context back, and raises the exception that the callback has raised.
 *
 * A callback that cancels its own handle leaves it without arguments, which _run() could not
 * unpack. Such a handle gets an empty tuple of arguments for that call.
 */

typedef struct
{
  PyObject_HEAD

  PyObject *handle;
  PyObject *context;
  PyObject *args; /* the arguments to put back, if they are not a tuple; else NULL */
  PyObject *exception;
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

  core_restore_exception (g_steal_pointer (&self->exception));
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
  Py_VISIT (self->exception);
  return 0;
}

static int
raiser_clear (PyObject *object)
{
  Raiser *self = (Raiser *) object;

  Py_CLEAR (self->handle);
  Py_CLEAR (self->context);
  Py_CLEAR (self->args);
  Py_CLEAR (self->exception);
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

/* Calls _run() of the class Handle itself. The _run() of a handle with a lock would do nothing if
 * the handle has been cancelled meanwhile. */
static int
run_by_plain_method (CoreState *state, PyObject *handle)
{
  PyObject *method = PyObject_GetAttr (state->handle_type, state->str__run);
  PyObject *result = method != NULL ? PyObject_CallOneArg (method, handle) : NULL;

  Py_XDECREF (method);
  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

/* Reports the pending exception. Returns -1 only for an exception that _run() lets through, or that
 * an exception handler of the program has raised. */
int
handle_report (CoreState *state, PyObject *handle, PyObject *context)
{
  PyObject *exception;
  Raiser *raiser;
  int result = -1;

  if (PyErr_ExceptionMatches (PyExc_SystemExit) || PyErr_ExceptionMatches (PyExc_KeyboardInterrupt))
    return -1;

  exception = core_take_exception ();

  raiser = (Raiser *) PyType_GenericAlloc ((PyTypeObject *) state->raiser_type, 0);
  if (raiser == NULL)
    {
      Py_DECREF (exception);
      return -1;
    }

  raiser->handle = Py_NewRef (handle);
  raiser->context = Py_NewRef (context);
  raiser->exception = exception;

  if (lend_raiser (state, raiser) == 0)
    result = run_by_plain_method (state, handle);

  Py_DECREF (raiser);
  return result;
}
