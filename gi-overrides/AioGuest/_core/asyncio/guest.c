/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "guest.h"
#include "kind.h"
#include "loop.h"
#include "task.h"
#include "tick.h"

/* AsyncioGuest, the type of a guest that is an asyncio loop, and its GuestKind. */

static const GuestKind asyncio_kind = {
  .tick = asyncio_guest_tick,
  .peek = asyncio_guest_peek,
  .get_task = asyncio_guest_get_task,
  .leave_task = asyncio_guest_leave_task,
  .enter_task = asyncio_guest_enter_task,
};

/* Looks at the loop and its selector, and makes the run. */
static int
begin (AsyncioGuest *self, AioGuestPollMode mode)
{
  LoopView *view = &self->view;

  view->check = core_get_check (view->state, view->loop);
  if (view->check == NULL)
    view->check = &view->own_check;
  view->dict = PyObject_GenericGetDict (view->loop, NULL);
  self->descriptors.watched = PyDict_New ();

  if (view->dict == NULL || core_watch (view->state, view->dict) < 0 ||
      self->descriptors.watched == NULL || asyncio_guest_fetch_queues (self) < 0 ||
      padding_init (&self->padding, view) < 0 || selector_view_fetch (&self->selector, view) < 0 ||
      guest_make_run (&self->base, self->selector.has_own_fd ? self->selector.epoll_fd : -1, mode) < 0)
    return -1;

  self->n_scheduled = Py_SIZE (view->scheduled);
  return 0;
}

static PyObject *
asyncio_guest_new (PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
  static const char *const keywords[] = { "loop",   "native",        "poll_mode", "atomic",
                                          "on_end", "find_obstacle", "on_rest",   NULL };
  AsyncioGuest *self;
  PyObject *loop;
  PyObject *on_end = Py_None;
  PyObject *find_obstacle = NULL;
  PyObject *on_rest = NULL;
  int native = 1;
  int atomic = 0;
  int poll_mode = AIO_GUEST_POLL_MODE_AUTO;

  if (!PyArg_ParseTupleAndKeywords (args, kwargs, "O|$pipOOO:AsyncioGuest", (char **) keywords,
                                    &loop, &native, &poll_mode, &atomic, &on_end, &find_obstacle,
                                    &on_rest))
    return NULL;

  self = (AsyncioGuest *) type->tp_alloc (type, 0);
  if (self == NULL)
    return NULL;

  self->base.kind = &asyncio_kind;
  self->base.loop = Py_NewRef (loop);
  self->base.ending.on_end = on_end != Py_None ? Py_NewRef (on_end) : NULL;
  self->base.rest.is_atomic = atomic;
  self->base.rest.least_depth = G_MAXINT;
  self->base.rest.find_obstacle = Py_XNewRef (find_obstacle);
  self->base.rest.on_rest = Py_XNewRef (on_rest);

  self->view.state = core_state_of_type (type);
  self->view.loop = Py_NewRef (loop);
  selector_view_init (&self->selector);
  self->may_native = native && self->view.state->verified;
  self->logged_native = -1;

  if (begin (self, poll_mode) < 0)
    Py_CLEAR (self);

  return (PyObject *) self;
}

static int
asyncio_guest_traverse (PyObject *object, visitproc visit, void *arg)
{
  AsyncioGuest *self = (AsyncioGuest *) object;
  int result = guest_traverse (&self->base, visit, arg);

  if (result == 0)
    result = loop_view_traverse (&self->view, visit, arg);
  if (result == 0)
    result = selector_view_traverse (&self->selector, visit, arg);
  if (result != 0)
    return result;

  Py_VISIT (self->descriptors.watched);
  Py_VISIT (self->padding.handle);
  return 0;
}

/* Only for a guest that no run holds a reference to: no peek reads the queues any more. */
static int
asyncio_guest_clear (PyObject *object)
{
  AsyncioGuest *self = (AsyncioGuest *) object;

  selector_view_clear (&self->selector);
  loop_view_clear (&self->view);
  guest_clear (&self->base);
  Py_CLEAR (self->descriptors.watched);
  Py_CLEAR (self->padding.handle);
  return 0;
}

static void
asyncio_guest_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);
  guest_end_run ((Guest *) object);
  asyncio_guest_clear (object);
  type->tp_free (object);
  Py_DECREF (type);
}

static PyObject *
asyncio_guest_attach (PyObject *object, PyObject *context)
{
  AsyncioGuest *self = (AsyncioGuest *) object;

  if (self->base.run != NULL && asyncio_guest_sync_descriptors (self) < 0)
    return NULL;

  return guest_attach (&self->base, context);
}

static PyObject *
asyncio_guest_get_native (PyObject *object, G_GNUC_UNUSED void *closure)
{
  int native = asyncio_guest_may_native ((AsyncioGuest *) object);

  return native < 0 ? NULL : PyBool_FromLong (native);
}

static PyObject *
asyncio_guest_get_why_stock (PyObject *object, G_GNUC_UNUSED void *closure)
{
  return asyncio_guest_why_stock ((AsyncioGuest *) object);
}

static PyMethodDef asyncio_guest_methods[] = {
  { "attach", asyncio_guest_attach, METH_O,
    PyDoc_STR ("attach(context)\n--\n\nAttach the run to a main context (None: the default).") },
  { NULL },
};

static PyGetSetDef asyncio_guest_getset[] = {
  { "native", asyncio_guest_get_native, NULL,
    PyDoc_STR ("Whether the loop, as it is now, is ticked in C."), NULL },
  { "why_stock", asyncio_guest_get_why_stock, NULL,
    PyDoc_STR ("Why it is ticked by its own _run_once(), or None if it is not."), NULL },
  { NULL },
};

static PyType_Slot asyncio_guest_slots[] = {
  { Py_tp_doc, (void *) "AsyncioGuest(loop, *, native=True, poll_mode=0, atomic=False, on_end=None, "
                        "find_obstacle=..., on_rest=...)\n--\n\n"
                        "Connects one asyncio event loop with one AioGuest.Run. When the run is about to\n"
                        "end, on_end(exception or None) is called. If it returns true, the run goes on.\n"
                        "An atomic guest rests in main loops that are nested in its steps.\n\n"
                        "In a nested main loop find_obstacle(depth, place) is called. If it returns a\n"
                        "list, the guest rests there, and on_rest(list, task) is called. The callbacks of\n"
                        "that main loop have depth as their g_main_depth(), and their frames on the C\n"
                        "stack are below the address place." },
  { Py_tp_new, asyncio_guest_new },
  { Py_tp_dealloc, asyncio_guest_dealloc },
  { Py_tp_traverse, asyncio_guest_traverse },
  { Py_tp_clear, asyncio_guest_clear },
  { Py_tp_methods, asyncio_guest_methods },
  { Py_tp_getset, asyncio_guest_getset },
  { 0, NULL },
};

PyType_Spec asyncio_guest_spec = {
  .name = "gi.overrides.AioGuest._core.AsyncioGuest",
  .basicsize = sizeof (AsyncioGuest),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
  .slots = asyncio_guest_slots,
};
