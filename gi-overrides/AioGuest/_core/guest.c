/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "copy.h"
#include "eager.h"
#include "exception.h"
#include "greenlets.h"
#include "guest.h"
#include "iterate.h"
#include "kind.h"
#include "loop.h"
#include "nesting.h"
#include "signals.h"
#include "step.h"
#include "thread.h"
#include "tick.h"

#include <pygobject.h>

/*
 * A Guest binds one asyncio loop to one AioGuest.Run.
 *
 * It is referenced by whoever made it and by the run, which lets go of it when it is over; the
 * run is referenced by the main context. So a run goes on though nobody holds its Guest.
 */

/* PyGObject's C interface, which this file alone uses. */
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

/* The run lets go of its guest, because it is over. A guest that was never attached has only lent
 * itself, see guest_dealloc(). */
static void
release_guest (gpointer data)
{
  Guest *self = data;
  PyObject *host_error;
  PyGILState_STATE gil;

  /* Too late to free anything, or nothing to free. */
  if (core_is_finalizing () || !self->is_attached)
    return;

  gil = PyGILState_Ensure ();

  guest_release_thread (self);
  self->is_attached = FALSE;
  guest_unwatch_signals (self);
  guest_unwatch_nesting (self);

  /* Python's collector sees the closures of a GObject only if nobody else holds it. */
  g_clear_object (&self->run);

  host_error = g_steal_pointer (&self->host_error);
  Py_DECREF (self);
  core_restore_exception (host_error);
  PyGILState_Release (gil);
}

static int
make_run (Guest *self, AioGuestPollMode mode)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AioGuestPoller) poller = NULL;

  poller = aio_guest_poller_new (self->selector.has_own_fd ? self->selector.epoll_fd : -1, mode, &error);
  if (poller == NULL)
    return raise_gerror (PyExc_OSError, error);

  self->run = aio_guest_run_new (poller, guest_tick, self, release_guest);
  aio_guest_run_set_peek (self->run, guest_peek);
  aio_guest_run_set_reentrant (self->run, TRUE);

  return 0;
}

static PyObject *
guest_new (PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
  static const char *const keywords[] = { "loop",   "native",        "poll_mode", "atomic",
                                          "on_end", "find_obstacle", "on_rest",   NULL };
  Guest *self;
  PyObject *loop;
  PyObject *on_end = Py_None;
  PyObject *find_obstacle = NULL;
  PyObject *on_rest = NULL;
  int native = 1;
  int atomic = 0;
  int poll_mode = AIO_GUEST_POLL_MODE_AUTO;

  if (!PyArg_ParseTupleAndKeywords (args, kwargs, "O|$pipOOO:Guest", (char **) keywords, &loop,
                                    &native, &poll_mode, &atomic, &on_end, &find_obstacle, &on_rest))
    return NULL;

  self = (Guest *) type->tp_alloc (type, 0);
  if (self == NULL)
    return NULL;

  self->view.state = core_state_of_type (type);
  self->may_native = native && self->view.state->verified;
  self->told_native = -1;
  selector_view_init (&self->selector);
  self->view.loop = Py_NewRef (loop);
  self->view.check = core_get_check (self->view.state, loop);
  if (self->view.check == NULL)
    self->view.check = &self->view.own_check;
  self->view.dict = PyObject_GenericGetDict (loop, NULL);
  self->ending.on_end = on_end != Py_None ? Py_NewRef (on_end) : NULL;
  self->descriptors.watched = PyDict_New ();
  self->rest.is_atomic = atomic;
  self->rest.least_depth = G_MAXINT;
  self->rest.find_obstacle = Py_XNewRef (find_obstacle);
  self->rest.on_rest = Py_XNewRef (on_rest);

  if (self->view.dict == NULL || core_watch (self->view.state, self->view.dict) < 0 ||
      self->descriptors.watched == NULL || guest_fetch_queues (self) < 0 ||
      padding_init (&self->padding, &self->view) < 0 || selector_view_fetch (&self->selector, &self->view) < 0 || make_run (self, poll_mode) < 0)
    {
      Py_DECREF (self);
      return NULL;
    }

  self->n_scheduled = Py_SIZE (self->view.scheduled);

  return (PyObject *) self;
}

static int
guest_traverse (PyObject *object, visitproc visit, void *arg)
{
  Guest *self = (Guest *) object;
  int result = loop_view_traverse (&self->view, visit, arg);

  if (result == 0)
    result = selector_view_traverse (&self->selector, visit, arg);
  if (result != 0)
    return result;

  Py_VISIT (Py_TYPE (object));
  Py_VISIT (self->padding.handle);
  Py_VISIT (self->base_context);
  Py_VISIT (self->descriptors.watched);
  Py_VISIT (self->ending.on_end);
  Py_VISIT (self->rest.find_obstacle);
  Py_VISIT (self->rest.on_rest);
  Py_VISIT (self->rest.obstacle);
  Py_VISIT (self->ending.exception);
  Py_VISIT (self->ending.failed);
  Py_VISIT (self->host_error);
  Py_VISIT (self->copy.kept);
  Py_VISIT (self->copy.end);
  return 0;
}

/* Only of a Guest that no run holds on to: nothing looks at the queues any more. */
static int
guest_clear (PyObject *object)
{
  Guest *self = (Guest *) object;

  selector_view_clear (&self->selector);
  loop_view_clear (&self->view);
  Py_CLEAR (self->padding.handle);
  Py_CLEAR (self->base_context);
  Py_CLEAR (self->descriptors.watched);
  Py_CLEAR (self->ending.on_end);
  Py_CLEAR (self->rest.find_obstacle);
  Py_CLEAR (self->rest.on_rest);
  Py_CLEAR (self->rest.obstacle);
  Py_CLEAR (self->ending.exception);
  Py_CLEAR (self->ending.failed);
  Py_CLEAR (self->host_error);
  Py_CLEAR (self->copy.kept);
  Py_CLEAR (self->copy.end);
  return 0;
}

static void
guest_dealloc (PyObject *object)
{
  Guest *self = (Guest *) object;
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);

  /* A run that was not attached may outlive its guest, but never tick it. */
  guest_unwatch_signals (self);
  guest_unwatch_nesting (self);
  if (self->run != NULL)
    aio_guest_run_stop (self->run);
  g_clear_object (&self->run);

  guest_clear (object);
  type->tp_free (object);
  Py_DECREF (type);
}

static PyObject *
guest_attach (PyObject *object, PyObject *context_object)
{
  Guest *self = (Guest *) object;
  GMainContext *context = NULL;
  g_autoptr (GError) error = NULL;

  if (self->run == NULL)
    {
      PyErr_SetString (PyExc_RuntimeError, "the run of this Guest is over");
      return NULL;
    }

  if (guest_sync_descriptors (self) < 0)
    return NULL;

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

  /* It may join the poller's thread. */
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
guest_forget (PyObject *object, PyObject *args)
{
  PyObject *tasks, *end;

  if (!PyArg_ParseTuple (args, "OO:forget", &tasks, &end) ||
      guest_become_copy ((Guest *) object, tasks, end) < 0)
    return NULL;

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

/* Whether what is raised now gets into a step, or out of the tick: not where a nested main loop has
 * dispatched a callback of the host, which is deeper in dispatches. */
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

static PyObject *
guest_get_native (PyObject *object, G_GNUC_UNUSED void *closure)
{
  int native = guest_may_native ((Guest *) object);

  return native < 0 ? NULL : PyBool_FromLong (native);
}

static PyObject *
guest_get_why_stock (PyObject *object, G_GNUC_UNUSED void *closure)
{
  return guest_why_stock ((Guest *) object);
}

static PyMethodDef guest_methods[] = {
  { "attach", guest_attach, METH_O,
    PyDoc_STR ("attach(context)\n--\n\nAttach the run to a main context (None: the default).") },
  { "watch_signals", guest_watch_signals_method, METH_VARARGS,
    PyDoc_STR ("watch_signals(fd)\n--\n\n"
               "Have the run ticked when Python writes to its signal wakeup descriptor.") },
  { "stop", guest_stop, METH_NOARGS, PyDoc_STR ("stop()\n--\n\nEnd the run at once.") },
  { "wake", guest_wake, METH_NOARGS,
    PyDoc_STR ("wake()\n--\n\nHave the loop ticked in the host's next turn. Any thread.") },
  { "forget", guest_forget, METH_VARARGS,
    PyDoc_STR ("forget(tasks, end)\n--\n\n"
               "In a forked child: do nothing any more, and keep the loop's tasks alive. A tick that is\n"
               "going on tells on_end() when it is left. An exit out of it calls end(exception).") },
  { "iterate", guest_iterate_method, METH_VARARGS,
    PyDoc_STR ("iterate(future=None)\n--\n\n"
               "Iterate the main context until the run is over, or the future is done. A task whose\n"
               "step it is called in is suspended meanwhile.") },
  { "find_obstacle", guest_find_obstacle_method, METH_NOARGS,
    PyDoc_STR ("find_obstacle()\n--\n\n"
               "What would keep the loop from going on if the main context were iterated from here:\n"
               "what find_obstacle() of the constructor's says, True for a step that is atomic, or None.") },
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
    PyDoc_STR ("Whether the caller is code of a tick, and not the host's in a nested main loop."), NULL },
  { "is_nested", guest_get_is_nested, NULL,
    PyDoc_STR ("Whether the caller is dispatched by a main loop that is nested in another."), NULL },
  { "native", guest_get_native, NULL,
    PyDoc_STR ("Whether the loop, as it is now, is ticked in C."), NULL },
  { "why_stock", guest_get_why_stock, NULL,
    PyDoc_STR ("Why it is ticked by its own _run_once(), or None if it is not."), NULL },
  { NULL },
};

static PyType_Slot guest_slots[] = {
  { Py_tp_doc, (void *) "Guest(loop, *, native=True, poll_mode=0, atomic=False, on_end=None, "
                        "find_obstacle=..., on_rest=...)\n--\n\n"
                        "Binds one asyncio event loop to one AioGuest.Run. When the run is about to\n"
                        "end, on_end(exception or None) may return true to have it go on. If it is\n"
                        "atomic, it rests in main loops that are nested in its steps.\n\n"
                        "If find_obstacle(depth, place) returns a list in a nested main loop, the guest\n"
                        "rests there, and on_rest(list, task) is told of it. What that main loop calls is\n"
                        "so deep in dispatches, and below that address of the C stack." },
  { Py_tp_new, guest_new },
  { Py_tp_dealloc, guest_dealloc },
  { Py_tp_traverse, guest_traverse },
  { Py_tp_clear, guest_clear },
  { Py_tp_methods, guest_methods },
  { Py_tp_getset, guest_getset },
  { 0, NULL },
};

PyType_Spec guest_spec = {
  .name = "gi.overrides.AioGuest._core.Guest",
  .basicsize = sizeof (Guest),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
  .slots = guest_slots,
};
