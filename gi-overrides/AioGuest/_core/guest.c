/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "copy.h"
#include "eager.h"
#include "exception.h"
#include "greenlets.h"
#include "guest.h"
#include "iterate.h"
#include "nesting.h"
#include "signals.h"
#include "step.h"
#include "thread.h"
#include "interpreter.h"
#include "tick.h"

#include <pygobject.h>

/*
 * A Guest connects an event loop, or whatever else runs Python tasks, with one AioGuest.Run.
 *
 * The code that made a Guest holds a reference to it. The run holds another one while it is
 * attached, and the main context holds a reference to the run. So a run goes on even if no other
 * code holds its Guest.
 */

/* Imports PyGObject's C interface. Only this file uses it. */
int
core_init_pygobject (void)
{
  PyObject *module = pygobject_init (3, 42, 0);

  Py_XDECREF (module);
  return module != NULL ? 0 : -1;
}

static int
raise_gerror (PyObject *exception, const GError *error)
{
  PyErr_SetString (exception, error->message);
  return -1;
}

/* Called when the run drops its guest, because the run is over. A run that was never attached
 * has no reference to its guest, see guest_end_run(). */
static void
release_guest (gpointer data)
{
  Guest *self = data;
  PyObject *host_error;
  PyGILState_STATE gil;

  /* In an interpreter that is being finalized it is too late to free anything; a run that was not
   * attached has nothing to free. */
  if (core_is_finalizing () || !self->is_attached)
    return;

  gil = PyGILState_Ensure ();

  guest_release_thread (self);
  self->is_attached = FALSE;
  guest_unwatch_signals (self);
  guest_unwatch_nesting (self);

  /* Python's garbage collector sees the signal handlers of a GObject only while the Python wrapper
   * holds the only reference to it. */
  g_clear_object (&self->run);

  host_error = g_steal_pointer (&self->host_error);
  Py_DECREF (self);
  core_restore_exception (host_error);
  PyGILState_Release (gil);
}

int
guest_make_run (Guest *self, int descriptor, AioGuestPollMode mode)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AioGuestPoller) poller = NULL;

  poller = aio_guest_poller_new (descriptor, mode, &error);
  if (poller == NULL)
    return raise_gerror (PyExc_OSError, error);

  self->run = aio_guest_run_new (poller, guest_tick, self, release_guest);
  aio_guest_run_set_peek (self->run, guest_peek);
  aio_guest_run_set_reentrant (self->run, TRUE);

  return 0;
}

int
guest_traverse (Guest *self, visitproc visit, void *arg)
{
  Py_VISIT (Py_TYPE (self));
  Py_VISIT (self->loop);
  Py_VISIT (self->base_context);
  Py_VISIT (self->ending.on_end);
  Py_VISIT (self->rest.find_obstacle);
  Py_VISIT (self->rest.on_rest);
  Py_VISIT (self->rest.obstacle);
  Py_VISIT (self->ending.exception);
  Py_VISIT (self->ending.failed);
  Py_VISIT (self->host_error);
  Py_VISIT (self->end_child);
  return 0;
}

/* Only for a guest that no run holds a reference to. */
void
guest_clear (Guest *self)
{
  Py_CLEAR (self->loop);
  Py_CLEAR (self->base_context);
  Py_CLEAR (self->ending.on_end);
  Py_CLEAR (self->rest.find_obstacle);
  Py_CLEAR (self->rest.on_rest);
  Py_CLEAR (self->rest.obstacle);
  Py_CLEAR (self->ending.exception);
  Py_CLEAR (self->ending.failed);
  Py_CLEAR (self->host_error);
  Py_CLEAR (self->end_child);
}

/* Called when a guest is freed. A run that was never attached may exist after that. It is
 * stopped, so that it never ticks the guest. */
void
guest_end_run (Guest *self)
{
  guest_unwatch_signals (self);
  guest_unwatch_nesting (self);
  if (self->run != NULL)
    aio_guest_run_stop (self->run);
  g_clear_object (&self->run);
}

PyObject *
guest_attach (Guest *self, PyObject *context_object)
{
  GMainContext *context = NULL;
  g_autoptr (GError) error = NULL;

  if (self->run == NULL)
    {
      PyErr_SetString (PyExc_RuntimeError, "the run of this Guest is over");
      return NULL;
    }

  if (context_object != Py_None && !pyg_boxed_check (context_object, G_TYPE_MAIN_CONTEXT))
    {
      PyErr_Format (PyExc_TypeError, "%R is not a GLib.MainContext", context_object);
      return NULL;
    }

  if (context_object != Py_None)
    context = pyg_boxed_get (context_object, GMainContext);

  if (!aio_guest_run_attach (self->run, context, &error))
    {
      raise_gerror (PyExc_RuntimeError, error);
      return NULL;
    }

  Py_INCREF (self);
  guest_hold_thread (self);
  self->is_attached = TRUE;
  guest_watch_nesting (self, context);

  Py_RETURN_NONE;
}

static PyObject *
guest_watch_signals_method (PyObject *object, PyObject *args)
{
  Guest *self = (Guest *) object;
  int fd;

  if (!PyArg_ParseTuple (args, "i:watch_signals", &fd))
    return NULL;

  if (self->run == NULL)
    Py_RETURN_NONE;

  return guest_watch_signals (self, fd);
}

static PyObject *
guest_stop (PyObject *object, G_GNUC_UNUSED PyObject *unused)
{
  Guest *self = (Guest *) object;
  g_autoptr (AioGuestRun) run = NULL;

  if (self->run == NULL)
    Py_RETURN_NONE;

  run = g_object_ref (self->run);
  self->ending.is_over = TRUE;

  /* This may wait for the poller's thread to end. */
  Py_BEGIN_ALLOW_THREADS
  aio_guest_run_stop (run);
  Py_END_ALLOW_THREADS

  Py_RETURN_NONE;
}

static PyObject *
guest_wake (PyObject *object, G_GNUC_UNUSED PyObject *unused)
{
  Guest *self = (Guest *) object;

  if (self->run != NULL)
    aio_guest_run_wake (self->run);

  Py_RETURN_NONE;
}

static PyObject *
guest_iterate_method (PyObject *object, PyObject *args)
{
  Guest *self = (Guest *) object;
  PyObject *future = Py_None;

  if (!PyArg_ParseTuple (args, "|O:iterate", &future))
    return NULL;

  return guest_iterate (self, future);
}

static PyObject *
guest_find_obstacle_method (PyObject *object, G_GNUC_UNUSED PyObject *unused)
{
  return guest_find_obstacle ((Guest *) object);
}

static PyObject *
guest_get_run (PyObject *object, G_GNUC_UNUSED void *closure)
{
  Guest *self = (Guest *) object;

  if (self->run == NULL)
    Py_RETURN_NONE;

  return pygobject_new (G_OBJECT (self->run));
}

static PyObject *
guest_get_exception (PyObject *object, G_GNUC_UNUSED void *closure)
{
  Guest *self = (Guest *) object;

  return Py_NewRef (self->ending.exception != NULL ? self->ending.exception : Py_None);
}

static PyObject *
guest_get_depth (PyObject *object, G_GNUC_UNUSED void *closure)
{
  return PyLong_FromUnsignedLong (((Guest *) object)->depth);
}

/* Whether an exception that is raised now would reach a step, or leave the tick. In a callback of
 * the host in a nested main loop it would not: there g_main_depth() is greater. */
static PyObject *
guest_get_in_step (PyObject *object, G_GNUC_UNUSED void *closure)
{
  Step *step = ((Guest *) object)->step;

  return PyBool_FromLong (step != NULL && step->depth == g_main_depth ());
}

static PyObject *
guest_get_is_nested (PyObject *object, G_GNUC_UNUSED void *closure)
{
  return PyBool_FromLong (guest_is_nested ((Guest *) object));
}

static PyMethodDef guest_methods[] = {
  { "watch_signals", guest_watch_signals_method, METH_VARARGS,
    PyDoc_STR ("watch_signals(fd)\n--\n\n"
               "Tick the run when Python writes to its signal wakeup descriptor.") },
  { "stop", guest_stop, METH_NOARGS, PyDoc_STR ("stop()\n--\n\nEnd the run at once.") },
  { "wake", guest_wake, METH_NOARGS,
    PyDoc_STR ("wake()\n--\n\nTick the loop in the host's next turn. Any thread may call this.") },
  { "iterate", guest_iterate_method, METH_VARARGS,
    PyDoc_STR ("iterate(future=None)\n--\n\n"
               "Iterate the main context until the run is over, or the future is done. In a step\n"
               "of a task, the task is suspended meanwhile.") },
  { "find_obstacle", guest_find_obstacle_method, METH_NOARGS,
    PyDoc_STR ("find_obstacle()\n--\n\n"
               "Return what would keep the loop from going on if the main context were iterated\n"
               "from here: True if this is a step of an atomic guest, else what the constructor's\n"
               "argument find_obstacle returns. None: nothing would.") },
  { "forget", guest_forget, METH_O,
    PyDoc_STR ("forget(end)\n--\n\n"
               "In a forked child: do nothing any more. If a step has forked, end(exception or None) is\n"
               "called where it comes back, and must end the process.") },
  { "call_step", (PyCFunction) (void (*) (void)) guest_call_step, METH_VARARGS | METH_KEYWORDS,
    PyDoc_STR ("call_step(function, *args, **kwargs)\n--\n\n"
               "Call a function that runs the step of a task by itself.") },
  { NULL },
};

static PyGetSetDef guest_getset[] = {
  { "run", guest_get_run, NULL, PyDoc_STR ("The AioGuest.Run, or None when it is over."), NULL },
  { "exception", guest_get_exception, NULL,
    PyDoc_STR ("The exception that ended the run from inside a tick, or None."), NULL },
  { "depth", guest_get_depth, NULL, PyDoc_STR ("How many ticks are going on, nested."), NULL },
  { "in_step", guest_get_in_step, NULL,
    PyDoc_STR ("Whether the caller is code of a tick. A callback of the host in a nested main\n"
               "loop is not."), NULL },
  { "is_nested", guest_get_is_nested, NULL,
    PyDoc_STR ("Whether a main loop that is nested in another has dispatched the caller."), NULL },
  { NULL },
};

static PyType_Slot guest_slots[] = {
  { Py_tp_doc, (void *) "Connects what runs tasks with one AioGuest.Run.\n\n"
                        "Each kind of guest is a subclass." },
  { Py_tp_methods, guest_methods },
  { Py_tp_getset, guest_getset },
  { 0, NULL },
};

PyType_Spec guest_spec = {
  .name = "gi.overrides.AioGuest._core.Guest",
  .basicsize = sizeof (Guest),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
  .slots = guest_slots,
};
