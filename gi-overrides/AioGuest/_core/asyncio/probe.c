/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../exception.h"
#include "probe.h"
#include "ready.h"

/*
 * native.c and loop.c do the work of asyncio's methods, so the methods must be those that they
 * know. To verify that, everything is examined that could change, and never a version number:
 *
 * - The code of each method uses the names that are known, all of them and no others. (The code of
 *   a wrapper uses none of them.)
 * - The slots of a handle are where their member descriptors say, and there are no others.
 * - The constants exist, and the fields of a selector's key are in the known order.
 *
 * check.c finds out whether a loop has just these methods.
 */

/* As in methods.c: a name that only some versions use begins with a "?". */
static const char *const select_names[] = {
  "math", "ceil", "?max", "len", "_fd_to_key", "_selector", "poll", "InterruptedError", "?select",
  "?EPOLLIN", "?EPOLLOUT", "EVENT_READ", "EVENT_WRITE", "?_NOT_EPOLLIN", "?_NOT_EPOLLOUT",
  "?_key_from_fd", "?get", "append", "events", NULL,
};

static gboolean
names_contain (const char *const *names, PyObject *name)
{
  for (; *names != NULL; names++)
    {
      if (PyUnicode_CompareWithASCIIString (name, *names + (**names == '?')) == 0)
        return TRUE;
    }

  return FALSE;
}

static gboolean
tuple_contains (PyObject *tuple, const char *name)
{
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE (tuple); i++)
    {
      if (PyUnicode_CompareWithASCIIString (PyTuple_GET_ITEM (tuple, i), name) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Notes that something differs from what is known, so that the native tick can't be used. The first
 * such difference is kept. */
void
core_differs (CoreState *state, const char *format, ...)
{
  va_list args;

  state->verified = FALSE;
  if (state->difference != NULL)
    return;

  va_start (args, format);
  state->difference = g_strdup_vprintf (format, args);
  va_end (args);
}

/* Notes a difference if the code of @function uses other names than @names, or not all of them.
 * Returns -1 with an exception. */
static int
probe_function (CoreState *state,
                PyObject *function,
                const char *title,
                const char *const *names)
{
  PyObject *used;

  if (!PyFunction_Check (function))
    {
      core_differs (state, "%s is no Python function", title);
      return 0;
    }

  used = PyObject_GetAttrString (PyFunction_GetCode (function), "co_names");
  if (used == NULL)
    return -1;

  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE (used); i++)
    {
      PyObject *name = PyTuple_GET_ITEM (used, i);

      if (!names_contain (names, name))
        core_differs (state, "%s uses %s", title, PyUnicode_AsUTF8 (name));
    }

  for (; *names != NULL; names++)
    {
      if (**names != '?' && !tuple_contains (used, *names))
        core_differs (state, "%s does not use %s", title, *names);
    }

  Py_DECREF (used);
  return 0;
}

static PyObject *
import_attribute (const char *module_name, const char *name)
{
  PyObject *module = PyImport_ImportModule (module_name);
  PyObject *value = module != NULL ? PyObject_GetAttrString (module, name) : NULL;

  Py_XDECREF (module);
  return value;
}

/* The same for a callable that may not exist: @value is NULL then. -1 with an exception. */
static int
import_optional (const char *module_name, const char *name, PyObject **value)
{
  *value = import_attribute (module_name, name);

  if (*value == NULL)
    {
      if (!PyErr_ExceptionMatches (PyExc_AttributeError))
        return -1;

      PyErr_Clear ();
    }
  else if (!PyCallable_Check (*value))
    {
      Py_CLEAR (*value);
    }

  return 0;
}

/* A constant of the selectors module, -1 with an exception. */
static long
import_event (const char *name)
{
  PyObject *value = import_attribute ("selectors", name);
  long event = value != NULL ? PyLong_AsLong (value) : -1;

  Py_XDECREF (value);
  return event;
}

static int
probe_method (CoreState *state, PyObject *const owners[N_METHOD_OWNERS], VerifiedMethod *method)
{
  method->function = PyObject_GetAttr (owners[method->owner], method->name);
  if (method->function == NULL)
    return -1;

  return probe_function (state, method->function, PyUnicode_AsUTF8 (method->name), method->names);
}

static int
probe_methods (CoreState *state, PyObject *const owners[N_METHOD_OWNERS])
{
  for (int i = 0; i < N_VERIFIED_METHODS; i++)
    {
      if (probe_method (state, owners, &state->methods[i]) < 0)
        return -1;
    }

  return 0;
}

static int
probe_slot (CoreState *state, PyObject *type, const char *name, Py_ssize_t *offset)
{
  PyObject *descriptor = PyObject_GetAttrString (type, name);

  if (descriptor == NULL)
    return -1;

  /* A slot is a member that holds an object, of this type or of one that it inherits from. */
  if (Py_IS_TYPE (descriptor, &PyMemberDescr_Type) && PyType_Check (type) &&
      PyType_IsSubtype ((PyTypeObject *) type, PyDescr_TYPE (descriptor)) &&
      ((PyMemberDescrObject *) descriptor)->d_member->type == T_OBJECT_EX)
    *offset = ((PyMemberDescrObject *) descriptor)->d_member->offset;
  else
    core_differs (state, "%s is no slot of a handle", name);

  Py_DECREF (descriptor);
  return 0;
}

/* Whether an instance has @n_slots slots and nothing else, and is made like any other object. */
static gboolean
is_plain_type (PyObject *object, int n_slots)
{
  PyTypeObject *type = (PyTypeObject *) object;

  if (type->tp_weaklistoffset > 0)
    n_slots++;

  return type->tp_basicsize == (Py_ssize_t) (sizeof (PyObject) + n_slots * sizeof (PyObject *)) &&
         type->tp_itemsize == 0 && type->tp_dictoffset == 0 &&
         type->tp_new == PyBaseObject_Type.tp_new && type->tp_alloc == PyType_GenericAlloc;
}

static int
probe_handles (CoreState *state)
{
  PyObject *handle = state->handle_type;
  PyObject *timer = state->timer_handle_type;
  PyObject *thread_safe = state->thread_safe_handle_type;
  const gboolean locks = thread_safe != handle;

  if (probe_slot (state, handle, "_callback", &state->callback_offset) < 0 ||
      probe_slot (state, handle, "_args", &state->args_offset) < 0 ||
      probe_slot (state, handle, "_cancelled", &state->cancelled_offset) < 0 ||
      probe_slot (state, handle, "_context", &state->context_offset) < 0 ||
      probe_slot (state, handle, "_loop", &state->loop_offset) < 0 ||
      probe_slot (state, handle, "_repr", &state->repr_offset) < 0 ||
      probe_slot (state, handle, "_source_traceback", &state->source_traceback_offset) < 0 ||
      probe_slot (state, timer, "_when", &state->when_offset) < 0 ||
      probe_slot (state, timer, "_scheduled", &state->scheduled_offset) < 0 ||
      (locks && probe_slot (state, thread_safe, "_lock", &state->lock_offset) < 0))
    return -1;

  if (!PyType_IsSubtype ((PyTypeObject *) thread_safe, (PyTypeObject *) handle))
    core_differs (state, "a thread-safe handle is no Handle");

  if (!is_plain_type (handle, 7) || !is_plain_type (timer, 9) ||
      !is_plain_type (thread_safe, locks ? 8 : 7))
    core_differs (state, "a handle has slots that are not known");

  return 0;
}

/* Finds the C function of a method of deque. It is NULL if the method is not in C, or has other
 * flags. */
static int
probe_deque_method (CoreState *state, PyObject *name, int flags, PyCFunction *function)
{
  PyObject *descriptor = PyObject_GetAttr (state->deque_type, name);

  if (descriptor == NULL)
    return -1;

  if (Py_IS_TYPE (descriptor, &PyMethodDescr_Type) &&
      ((PyMethodDescrObject *) descriptor)->d_method->ml_flags == flags)
    *function = ((PyMethodDescrObject *) descriptor)->d_method->ml_meth;

  Py_DECREF (descriptor);
  return 0;
}

static int
probe_constants (CoreState *state)
{
  PyObject *minimum =
    import_attribute ("asyncio.base_events", "_MIN_SCHEDULED_TIMER_HANDLES");
  PyObject *fraction = NULL;

  if (minimum != NULL)
    state->min_scheduled_timer_handles = PyLong_AsSsize_t (minimum);
  if (!PyErr_Occurred ())
    fraction = import_attribute ("asyncio.base_events", "_MIN_CANCELLED_TIMER_HANDLES_FRACTION");
  if (fraction != NULL)
    state->min_cancelled_timer_handles_fraction = PyFloat_AsDouble (fraction);

  Py_XDECREF (minimum);
  Py_XDECREF (fraction);
  return PyErr_Occurred () ? -1 : 0;
}

/* events.c accesses the fields of a key by their indices. */
static int
probe_key (CoreState *state)
{
  static const char *const names[] = { "fileobj", "fd", "events", "data" };
  PyObject *key_type = import_attribute ("selectors", "SelectorKey");
  PyObject *fields = key_type != NULL ? PyObject_GetAttrString (key_type, "_fields") : NULL;
  gboolean same = fields != NULL && PyTuple_Check (fields) &&
                  PyTuple_GET_SIZE (fields) == G_N_ELEMENTS (names);

  for (gsize i = 0; same && i < G_N_ELEMENTS (names); i++)
    same = PyUnicode_Check (PyTuple_GET_ITEM (fields, i)) &&
           PyUnicode_CompareWithASCIIString (PyTuple_GET_ITEM (fields, i), names[i]) == 0;

  if (fields != NULL && !same)
    core_differs (state, "SelectorKey has other fields");

  Py_XDECREF (key_type);
  Py_XDECREF (fields);
  return fields != NULL ? 0 : -1;
}

static int
probe_internals (CoreState *state)
{
  PyObject *owners[N_METHOD_OWNERS] = {
    [METHOD_OF_HANDLE] = Py_NewRef (state->handle_type),
    [METHOD_OF_TIMER_HANDLE] = Py_NewRef (state->timer_handle_type),
    [METHOD_OF_THREAD_SAFE_HANDLE] = Py_NewRef (state->thread_safe_handle_type),
  };
  int result = -1;

  state->verified = TRUE;
  state->epoll_select = PyObject_GetAttr (state->epoll_selector_type, state->str_select);

  if (state->epoll_select != NULL &&
      (owners[METHOD_OF_BASE_LOOP] =
         import_attribute ("asyncio.base_events", "BaseEventLoop")) != NULL &&
      (owners[METHOD_OF_SELECTOR_LOOP] =
         import_attribute ("asyncio.selector_events", "BaseSelectorEventLoop")) != NULL &&
      probe_function (state, state->epoll_select, "select", select_names) == 0 &&
      probe_methods (state, owners) == 0 && probe_handles (state) == 0 &&
      probe_constants (state) == 0 && probe_key (state) == 0)
    result = 0;

  for (int i = 0; i < N_METHOD_OWNERS; i++)
    Py_XDECREF (owners[i]);
  return result;
}

/* Notes a difference: something does not exist, or is of another kind, as the exception says. */
static void
note_exception (CoreState *state)
{
  PyObject *exception = PyErr_Occurred () ? core_take_exception () : NULL;
  PyObject *text = exception != NULL ? PyObject_Str (exception) : NULL;

  core_differs (state, "%s", text != NULL ? PyUnicode_AsUTF8 (text) : "there is no EpollSelector");

  PyErr_Clear ();
  Py_XDECREF (exception);
  Py_XDECREF (text);
}

/* The type of handles that call_soon_threadsafe() makes. */
static PyObject *
import_thread_safe_handle (CoreState *state)
{
  PyObject *type;

  if (import_optional ("asyncio.events", "_ThreadSafeHandle", &type) < 0)
    return NULL;

  if (type == NULL || !PyType_Check (type))
    Py_XSETREF (type, Py_NewRef (state->handle_type));

  return type;
}

int
core_probe (CoreState *state)
{
  if ((state->handle_type = import_attribute ("asyncio.events", "Handle")) == NULL ||
      (state->timer_handle_type = import_attribute ("asyncio.events", "TimerHandle")) == NULL ||
      (state->thread_safe_handle_type = import_thread_safe_handle (state)) == NULL ||
      (state->rlock_type = import_attribute ("_thread", "RLock")) == NULL ||
      (state->threading = PyImport_ImportModule ("threading")) == NULL ||
      (state->deque_type = import_attribute ("collections", "deque")) == NULL ||
      (state->current_task = import_attribute ("asyncio.tasks", "current_task")) == NULL ||
      (state->event_read = import_event ("EVENT_READ")) < 0 ||
      (state->event_write = import_event ("EVENT_WRITE")) < 0)
    return -1;

  core_init_methods (state);

  /* If these private functions do not exist, the interrupted task stays the current one. */
  if (import_optional ("asyncio.tasks", "_swap_current_task", &state->swap_current_task) < 0 ||
      import_optional ("asyncio.tasks", "_py_swap_current_task",
                       &state->py_swap_current_task) < 0 ||
      import_optional ("asyncio.tasks", "_py_current_task", &state->py_current_task) < 0 ||
      import_optional ("asyncio.tasks", "_leave_task", &state->leave_task) < 0 ||
      import_optional ("asyncio.tasks", "_enter_task", &state->enter_task) < 0 ||
      import_optional ("selectors", "EpollSelector", &state->epoll_selector_type) < 0)
    return -1;

  /* Without tasks in C there is only one place for the current task. With them, C and pure-Python
   * tasks share one before 3.14. */
  if (state->py_swap_current_task == state->swap_current_task)
    Py_CLEAR (state->py_swap_current_task);

  /* An asyncio that differs from the known one is no error: the stock tick can run every loop. */
  if (state->epoll_selector_type == NULL || probe_internals (state) < 0)
    {
      if (PyErr_Occurred () && !PyErr_ExceptionMatches (PyExc_AttributeError) &&
          !PyErr_ExceptionMatches (PyExc_ImportError) && !PyErr_ExceptionMatches (PyExc_TypeError))
        return -1;

      note_exception (state);
    }

  if (probe_deque_method (state, state->str_append, METH_O, &state->deque_append) < 0 ||
      probe_deque_method (state, state->str_popleft, METH_NOARGS, &state->deque_popleft) < 0)
    return -1;

  return ready_learn_changes (state);
}
