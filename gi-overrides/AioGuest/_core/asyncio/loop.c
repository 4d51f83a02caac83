/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "clock.h"
#include "handle.h"
#include "heap.h"
#include "loop.h"
#include "pipe.h"
#include "ready.h"

/*
 * LoopBase: the methods of asyncio's loops that are called most often, in C. Among the bases of
 * EventLoop it comes before asyncio's class. A method does its work here only on three conditions:
 *
 * - The method, and each one that asyncio's own would call, is asyncio's (check.c).
 * - The loop is open and not in debug mode, if that makes a difference to the method.
 * - The arguments are the usual ones.
 *
 * In all other cases, errors included, the method of the next class is called, so that messages and
 * tracebacks are asyncio's. One replacement goes unnoticed: that of time.monotonic, see clock.h.
 */

typedef struct
{
  PyObject_HEAD

  CoreState *state; /* this and @dict, that of the loop, are NULL until they are needed */
  PyObject *dict;
  LoopCheck check;
} LoopBase;

static void loop_base_dealloc (PyObject *object);

/* The type of LoopBase itself, from which the loop's is derived. */
static PyTypeObject *
find_loop_base (PyTypeObject *type)
{
  while (type->tp_dealloc != loop_base_dealloc)
    type = type->tp_base;

  return type;
}

static inline CoreState *
get_state (LoopBase *self)
{
  if (G_UNLIKELY (self->state == NULL))
    self->state = core_state_of_type (find_loop_base (Py_TYPE (self)));

  return self->state;
}

/* Whether all of @does can be done here. If not, an exception may be pending. */
static inline gboolean
can_do (CoreState *state, LoopBase *self, CoreDoes does)
{
  if (G_UNLIKELY (self->dict == NULL))
    {
      self->dict = PyObject_GenericGetDict ((PyObject *) self, NULL);
      if (self->dict == NULL || core_watch (state, self->dict) < 0)
        return FALSE;
    }

  return core_check_loop (state, &self->check, (PyObject *) self, self->dict) == 0 &&
         (self->check.does & does) == does;
}

/* Calls the method that there would be without LoopBase, unless an exception is pending. */
static PyObject *
call_next (CoreState *state,
           LoopBase *self,
           PyObject *name,
           PyObject *const *args,
           Py_ssize_t n_args,
           PyObject *kwnames)
{
  PyObject *next = !PyErr_Occurred ()
                     ? PyObject_CallFunctionObjArgs ((PyObject *) &PySuper_Type,
                                                     state->loop_base_type, self, NULL)
                     : NULL;
  PyObject *method = next != NULL ? PyObject_GetAttr (next, name) : NULL;
  PyObject *result = method != NULL ? PyObject_Vectorcall (method, args, n_args, kwnames) : NULL;

  Py_XDECREF (next);
  Py_XDECREF (method);
  return result;
}

/* Returns the value of the keyword argument "context": None if it was not given, and NULL if there
 * is any other keyword argument. */
static inline PyObject *
get_context_argument (CoreState *state,
                      PyObject *const *args,
                      Py_ssize_t n_args,
                      PyObject *kwnames)
{
  if (kwnames == NULL || PyTuple_GET_SIZE (kwnames) == 0)
    return Py_None;

  if (PyTuple_GET_SIZE (kwnames) != 1)
    return NULL;

  /* asyncio's C code passes a string object of its own. */
  if (PyTuple_GET_ITEM (kwnames, 0) != state->str_context &&
      PyUnicode_Compare (PyTuple_GET_ITEM (kwnames, 0), state->str_context) != 0)
    return NULL;

  return args[n_args];
}

/*
 * Makes a handle, if all of @does can be done here. That is checked before and after, because to
 * make a handle may run the garbage collector (before Python 3.12), and so any code. A finalizer
 * that iterates the main context, for one, may make the loop begin a new list of timers. If this
 * returns a handle, @self->check is up to date. If it returns NULL, an exception may be pending.
 */
static PyObject *
make_handle (CoreState *state,
             LoopBase *self,
             CoreDoes does,
             PyObject *type,
             PyObject *const *callback_and_args,
             Py_ssize_t n_args,
             PyObject *context)
{
  PyObject *handle;

  if (!can_do (state, self, does))
    return NULL;

  handle = handle_new (state, type, (PyObject *) self, callback_and_args, n_args, context);
  if (handle != NULL && !can_do (state, self, does))
    Py_CLEAR (handle);

  return handle;
}

/* Appends to the ready queue. A queue of another type may run any code, so the queue is held. */
static int
append_handle (CoreState *state, LoopBase *self, PyObject *handle)
{
  PyObject *ready = Py_NewRef (self->check.ready);
  int result = ready_append (state, ready, handle);

  Py_DECREF (ready);
  return result;
}

static PyObject *
loop_call_soon (PyObject *object, PyObject *const *args, Py_ssize_t n_args, PyObject *kwnames)
{
  LoopBase *self = (LoopBase *) object;
  CoreState *state = get_state (self);
  PyObject *context = get_context_argument (state, args, n_args, kwnames);
  PyObject *handle = NULL;

  if (n_args >= 1 && context != NULL)
    handle = make_handle (state, self, DOES_CALL_SOON, state->handle_type, args, n_args, context);
  if (handle == NULL)
    return call_next (state, self, state->str_call_soon, args, n_args, kwnames);

  if (append_handle (state, self, handle) < 0)
    Py_CLEAR (handle);

  return handle;
}

/*
 * thread A (any, with the GIL)         thread B (the loop's, without the GIL)
 * append to the queue
 *                                      look at the queue's size, or not
 * write to the loop's pipe
 *                                      find the pipe readable
 *
 * A releases the GIL in the write, and not before. So B can begin while A still goes on.
 */
static PyObject *
loop_call_soon_threadsafe (PyObject *object,
                           PyObject *const *args,
                           Py_ssize_t n_args,
                           PyObject *kwnames)
{
  LoopBase *self = (LoopBase *) object;
  CoreState *state = get_state (self);
  PyObject *context = get_context_argument (state, args, n_args, kwnames);
  PyObject *lock = NULL;
  PyObject *handle = NULL;

  /* Before the handle is made: this, too, may run any code. */
  if (state->lock_offset != 0)
    {
      lock = PyObject_CallMethodNoArgs (state->threading, state->str_RLock);
      if (lock == NULL)
        return NULL;
    }

  if (n_args >= 1 && context != NULL)
    handle = make_handle (state, self, DOES_CALL_SOON_THREADSAFE, state->thread_safe_handle_type,
                          args, n_args, context);

  if (handle != NULL)
    {
      if (lock != NULL)
        handle_set_slot (handle, state->lock_offset, lock);

      if (append_handle (state, self, handle) < 0 || pipe_write (state, object) < 0)
        Py_CLEAR (handle);
    }
  else
    {
      handle = call_next (state, self, state->str_call_soon_threadsafe, args, n_args, kwnames);
    }

  Py_XDECREF (lock);
  return handle;
}

static PyObject *
loop_read_from_self (PyObject *object, PyObject *const *args, Py_ssize_t n_args, PyObject *kwnames)
{
  LoopBase *self = (LoopBase *) object;
  CoreState *state = get_state (self);

  if (n_args == 0 && kwnames == NULL && can_do (state, self, DOES_READ_FROM_SELF))
    {
      if (pipe_read (state, object) == 0)
        Py_RETURN_NONE;

      if (!PyErr_ExceptionMatches (PyExc_OSError) && !PyErr_ExceptionMatches (PyExc_AttributeError))
        return NULL;

      /* Something is wrong with the pipe, and still will be when asyncio's method reads it. That
       * reports it. */
      PyErr_Clear ();
    }

  return call_next (state, self, state->str__read_from_self, args, n_args, kwnames);
}

/* Does what call_at() does, if all of @does can be done here. @args begin with the callback. Like
 * make_handle(), this may return NULL without an exception. */
static PyObject *
schedule (CoreState *state,
          LoopBase *self,
          CoreDoes does,
          PyObject *when,
          PyObject *const *args,
          Py_ssize_t n_args,
          PyObject *context)
{
  PyObject *timer =
    make_handle (state, self, does, state->timer_handle_type, args, n_args, context);
  PyObject *scheduled;

  if (timer == NULL)
    return NULL;

  handle_set_slot (timer, state->when_offset, when);
  handle_set_slot (timer, state->scheduled_offset, Py_False);

  /* A comparison may run code that makes the loop begin a new list. */
  scheduled = Py_NewRef (self->check.scheduled);
  if (heap_push (state, scheduled, timer) == 0)
    handle_set_slot (timer, state->scheduled_offset, Py_True);
  else
    Py_CLEAR (timer);

  Py_DECREF (scheduled);
  return timer;
}

static PyObject *
loop_call_at (PyObject *object, PyObject *const *args, Py_ssize_t n_args, PyObject *kwnames)
{
  LoopBase *self = (LoopBase *) object;
  CoreState *state = get_state (self);
  PyObject *context = get_context_argument (state, args, n_args, kwnames);
  PyObject *timer = NULL;

  if (n_args >= 2 && args[0] != Py_None && context != NULL)
    timer = schedule (state, self, DOES_CALL_AT, args[0], args + 1, n_args - 1, context);

  return timer != NULL
           ? timer
           : call_next (state, self, state->str_call_at, args, n_args, kwnames);
}

/* Only for these two types: other numbers have an addition of their own. */
static gboolean
get_delay (PyObject *value, double *delay)
{
  if (!PyFloat_CheckExact (value) && !PyLong_CheckExact (value))
    return FALSE;

  *delay = PyFloat_AsDouble (value);
  if (*delay != -1.0 || !PyErr_Occurred ())
    return TRUE;

  PyErr_Clear ();
  return FALSE;
}

static PyObject *
loop_call_later (PyObject *object, PyObject *const *args, Py_ssize_t n_args, PyObject *kwnames)
{
  LoopBase *self = (LoopBase *) object;
  CoreState *state = get_state (self);
  PyObject *context = get_context_argument (state, args, n_args, kwnames);
  PyObject *timer = NULL;
  double delay;

  if (n_args >= 2 && context != NULL && get_delay (args[0], &delay))
    {
      PyObject *when = PyFloat_FromDouble (core_time () + delay);

      if (when == NULL)
        return NULL;

      timer = schedule (state, self, DOES_CALL_LATER, when, args + 1, n_args - 1, context);
      Py_DECREF (when);
    }

  return timer != NULL
           ? timer
           : call_next (state, self, state->str_call_later, args, n_args, kwnames);
}

static PyObject *
loop_time (PyObject *object, PyObject *const *args, Py_ssize_t n_args, PyObject *kwnames)
{
  LoopBase *self = (LoopBase *) object;
  CoreState *state = get_state (self);

  if (n_args != 0 || kwnames != NULL || !can_do (state, self, DOES_TIME))
    return call_next (state, self, state->str_time, args, n_args, kwnames);

  return PyFloat_FromDouble (core_time ());
}

static PyObject *
loop_get_debug (PyObject *object, PyObject *const *args, Py_ssize_t n_args, PyObject *kwnames)
{
  LoopBase *self = (LoopBase *) object;
  CoreState *state = get_state (self);
  PyObject *debug = NULL;

  if (n_args == 0 && kwnames == NULL && can_do (state, self, DOES_GET_DEBUG))
    debug = PyDict_GetItemWithError (self->dict, state->str__debug);

  if (debug == NULL)
    return call_next (state, self, state->str_get_debug, args, n_args, kwnames);

  return Py_NewRef (debug);
}

static PyObject *
loop_timer_handle_cancelled (PyObject *object,
                             PyObject *const *args,
                             Py_ssize_t n_args,
                             PyObject *kwnames)
{
  LoopBase *self = (LoopBase *) object;
  CoreState *state = get_state (self);
  PyObject *scheduled = NULL;
  Py_ssize_t count;

  if (n_args == 1 && kwnames == NULL && can_do (state, self, DOES_TIMER_HANDLE_CANCELLED) &&
      (PyObject *) Py_TYPE (args[0]) == state->timer_handle_type)
    scheduled = handle_slot (args[0], state->scheduled_offset);

  if (scheduled == Py_False)
    Py_RETURN_NONE;

  if (scheduled != Py_True)
    return call_next (state, self, state->str__timer_handle_cancelled, args, n_args, kwnames);

  count = core_cancelled_count (state, self->dict);
  if ((count == -1 && PyErr_Occurred ()) ||
      core_set_cancelled_count (state, &self->check, self->dict, count + 1) < 0)
    return NULL;

  Py_RETURN_NONE;
}

static int
loop_base_traverse (PyObject *object, visitproc visit, void *arg)
{
  Py_VISIT (Py_TYPE (object));
  Py_VISIT (((LoopBase *) object)->dict);
  return 0;
}

static int
loop_base_clear (PyObject *object)
{
  Py_CLEAR (((LoopBase *) object)->dict);
  return 0;
}

static void
loop_base_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);
  loop_base_clear (object);
  type->tp_free (object);
  Py_DECREF (type);
}

#define METHOD(name, function, doc) \
  { \
    name, (PyCFunction) (void (*) (void)) (function), METH_FASTCALL | METH_KEYWORDS, PyDoc_STR (doc) \
  }

static PyMethodDef loop_base_methods[] = {
  METHOD ("call_soon", loop_call_soon,
          "call_soon($self, callback, /, *args, context=None)\n--\n\n"
          "Have a callback called in the next round of the loop."),
  METHOD ("call_soon_threadsafe", loop_call_soon_threadsafe,
          "call_soon_threadsafe($self, callback, /, *args, context=None)\n--\n\n"
          "Have a callback called in the next round of the loop. Any thread."),
  METHOD ("call_at", loop_call_at,
          "call_at($self, when, callback, /, *args, context=None)\n--\n\n"
          "Have a callback called at a time of the loop's clock, in seconds."),
  METHOD ("call_later", loop_call_later,
          "call_later($self, delay, callback, /, *args, context=None)\n--\n\n"
          "Have a callback called after a time in seconds."),
  METHOD ("time", loop_time,
          "time($self, /)\n--\n\nThe time by the loop's clock, in seconds."),
  METHOD ("get_debug", loop_get_debug,
          "get_debug($self, /)\n--\n\nWhether the loop is in debug mode."),
  METHOD ("_timer_handle_cancelled", loop_timer_handle_cancelled,
          "_timer_handle_cancelled($self, handle, /)\n--\n\nFor TimerHandle.cancel()."),
  METHOD ("_read_from_self", loop_read_from_self,
          "_read_from_self($self, /)\n--\n\nRead the pipe by which other threads wake the loop."),
  { NULL },
};

static PyType_Slot loop_base_slots[] = {
  { Py_tp_doc, (void *) "The methods of asyncio's loops that EventLoop has in C." },
  { Py_tp_dealloc, loop_base_dealloc },
  { Py_tp_traverse, loop_base_traverse },
  { Py_tp_clear, loop_base_clear },
  { Py_tp_methods, loop_base_methods },
  { 0, NULL },
};

PyType_Spec loop_base_spec = {
  .name = "gi.overrides.AioGuest._core.LoopBase",
  .basicsize = sizeof (LoopBase),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
  .slots = loop_base_slots,
};

/* The LoopCheck of a loop that is a LoopBase; NULL for other loops. */
LoopCheck *
core_get_check (CoreState *state, PyObject *loop)
{
  return PyObject_TypeCheck (loop, (PyTypeObject *) state->loop_base_type)
           ? &((LoopBase *) loop)->check
           : NULL;
}
