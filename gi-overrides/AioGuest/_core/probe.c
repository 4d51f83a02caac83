/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core.h"

/*
 * native.c does the work of asyncio's private methods, so it must be sure to know them. What
 * could change is looked at, never a version number:
 *
 *   at import    the names that each method's code uses are among those known, the slots of a
 *                handle are where member descriptors say, the constants are there;
 *   each round   neither the loop's type nor the loop itself has other methods in their place.
 */

static const char *const run_once_names[] = {
  "_scheduled", "_MIN_SCHEDULED_TIMER_HANDLES", "_timer_cancelled_count",
  "_MIN_CANCELLED_TIMER_HANDLES_FRACTION", "_cancelled", "append", "heapq", "heapify", "heappop",
  "_ready", "_stopping", "_when", "min", "max", "len", "time", "MAXIMUM_SELECT_TIMEOUT",
  "_selector", "select", "_process_events", "_clock_resolution", "range", "popleft", "_debug",
  "_current_handle", "_run", "slow_callback_duration", "logger", "warning", "_format_handle", NULL,
};
static const char *const add_callback_names[] = { "_cancelled", "_ready", "append", NULL };
static const char *const timer_handle_cancelled_names[] = {
  "_scheduled", "_timer_cancelled_count", NULL,
};
static const char *const time_names[] = { "time", "monotonic", NULL };
static const char *const process_events_names[] = {
  "fileobj", "data", "selectors", "EVENT_READ", "EVENT_WRITE", "_cancelled", "_remove_reader",
  "_remove_writer", "_add_callback", NULL,
};
static const char *const handle_run_names[] = {
  "_context", "run", "_callback", "_args", "SystemExit", "KeyboardInterrupt", "BaseException",
  "format_helpers", "_format_callback_source", "_loop", "get_debug", "_source_traceback",
  "call_exception_handler", NULL,
};
static const char *const select_names[] = {
  "math", "ceil", "max", "len", "_fd_to_key", "_selector", "poll", "InterruptedError", "select",
  "EPOLLIN", "EPOLLOUT", "EVENT_READ", "EVENT_WRITE", "_NOT_EPOLLIN", "_NOT_EPOLLOUT",
  "_key_from_fd", "get", "append", "events", NULL,
};

static gboolean
names_contain (const char *const *names, PyObject *name)
{
  for (; *names != NULL; names++)
    {
      if (PyUnicode_CompareWithASCIIString (name, *names) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Notes that asyncio is not the one known here, and the first thing that tells. */
static void G_GNUC_PRINTF (2, 3)
differs (CoreState *state, const char *format, ...)
{
  va_list args;

  state->verified = FALSE;
  if (state->difference != NULL)
    return;

  va_start (args, format);
  state->difference = g_strdup_vprintf (format, args);
  va_end (args);
}

/* Notes it if the code of @function uses others than @names. -1 with an exception. */
static int
probe_function (CoreState *state,
                PyObject *function,
                const char *title,
                const char *const *names)
{
  PyObject *used;

  if (!PyFunction_Check (function))
    {
      differs (state, "%s is no Python function", title);
      return 0;
    }

  used = PyObject_GetAttrString (PyFunction_GetCode (function), "co_names");
  if (used == NULL)
    return -1;

  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE (used); i++)
    {
      PyObject *name = PyTuple_GET_ITEM (used, i);

      if (!names_contain (names, name))
        differs (state, "%s uses %s", title, PyUnicode_AsUTF8 (name));
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

/* The same, but NULL without an exception if there is no such attribute. */
static PyObject *
import_optional (const char *module_name, const char *name)
{
  PyObject *value = import_attribute (module_name, name);

  if (value == NULL && PyErr_ExceptionMatches (PyExc_AttributeError))
    PyErr_Clear ();

  return value;
}

static int
probe_method (CoreState *state,
              int index,
              PyObject *type,
              PyObject *name,
              const char *const *names)
{
  VerifiedMethod *method = &state->methods[index];

  method->name = name;
  method->function = PyObject_GetAttr (type, name);
  if (method->function == NULL)
    return -1;

  return probe_function (state, method->function, PyUnicode_AsUTF8 (name), names);
}

static int
probe_slot (CoreState *state, PyObject *type, const char *name, Py_ssize_t *offset)
{
  PyObject *descriptor = PyObject_GetAttrString (type, name);

  if (descriptor == NULL)
    return -1;

  /* A slot of a class: a member that holds an object, of this type or one that it inherits. */
  if (Py_IS_TYPE (descriptor, &PyMemberDescr_Type) && PyType_Check (type) &&
      PyType_IsSubtype ((PyTypeObject *) type, PyDescr_TYPE (descriptor)) &&
      ((PyMemberDescrObject *) descriptor)->d_member->type == T_OBJECT_EX)
    *offset = ((PyMemberDescrObject *) descriptor)->d_member->offset;
  else
    differs (state, "%s is no slot of a handle", name);

  Py_DECREF (descriptor);
  return 0;
}

static int
probe_constants (CoreState *state)
{
  PyObject *minimum =
    import_attribute ("asyncio.base_events", "_MIN_SCHEDULED_TIMER_HANDLES");
  PyObject *fraction =
    import_attribute ("asyncio.base_events", "_MIN_CANCELLED_TIMER_HANDLES_FRACTION");

  if (minimum != NULL && fraction != NULL)
    {
      state->min_scheduled_timer_handles = PyLong_AsSsize_t (minimum);
      state->min_cancelled_timer_handles_fraction = PyFloat_AsDouble (fraction);
    }

  Py_XDECREF (minimum);
  Py_XDECREF (fraction);
  return PyErr_Occurred () ? -1 : 0;
}

static int
probe_internals (CoreState *state)
{
  PyObject *base_loop = import_attribute ("asyncio.base_events", "BaseEventLoop");
  PyObject *selector_loop = import_attribute ("asyncio.selector_events", "BaseSelectorEventLoop");
  PyObject *select = NULL;
  int result = -1;

  state->handle_run = PyObject_GetAttr (state->handle_type, state->str__run);
  select = PyObject_GetAttr (state->epoll_selector_type, state->str_select);

  if (base_loop == NULL || selector_loop == NULL || state->handle_run == NULL || select == NULL)
    goto out;

  state->verified = TRUE;

  if (probe_function (state, select, "select", select_names) == 0 &&
      probe_method (state, 0, base_loop, state->str__run_once, run_once_names) == 0 &&
      probe_method (state, 1, base_loop, state->str__add_callback, add_callback_names) == 0 &&
      probe_method (state, 2, base_loop, state->str_time, time_names) == 0 &&
      probe_method (state, 3, base_loop, state->str__timer_handle_cancelled,
                    timer_handle_cancelled_names) == 0 &&
      probe_method (state, 4, selector_loop, state->str__process_events,
                    process_events_names) == 0 &&
      probe_method (state, 5, state->handle_type, state->str__run, handle_run_names) == 0 &&
      probe_slot (state, state->handle_type, "_callback", &state->callback_offset) == 0 &&
      probe_slot (state, state->handle_type, "_args", &state->args_offset) == 0 &&
      probe_slot (state, state->handle_type, "_cancelled", &state->cancelled_offset) == 0 &&
      probe_slot (state, state->handle_type, "_context", &state->context_offset) == 0 &&
      probe_slot (state, state->timer_handle_type, "_when", &state->when_offset) == 0 &&
      probe_slot (state, state->timer_handle_type, "_scheduled", &state->scheduled_offset) == 0 &&
      probe_constants (state) == 0)
    result = 0;

out:
  Py_XDECREF (base_loop);
  Py_XDECREF (selector_loop);
  Py_XDECREF (select);
  return result;
}

/* What was looked for is not there, or not what it was. */
static void
note_exception (CoreState *state)
{
  PyObject *exception = PyErr_Occurred () ? core_take_exception () : NULL;
  PyObject *text = exception != NULL ? PyObject_Str (exception) : NULL;

  differs (state, "%s", text != NULL ? PyUnicode_AsUTF8 (text) : "there is no EpollSelector");

  PyErr_Clear ();
  Py_XDECREF (exception);
  Py_XDECREF (text);
}

int
core_probe (CoreState *state)
{
  if ((state->handle_type = import_attribute ("asyncio.events", "Handle")) == NULL ||
      (state->timer_handle_type = import_attribute ("asyncio.events", "TimerHandle")) == NULL ||
      (state->deque_type = import_attribute ("collections", "deque")) == NULL ||
      (state->heappop = import_attribute ("heapq", "heappop")) == NULL ||
      (state->heapify = import_attribute ("heapq", "heapify")) == NULL ||
      (state->current_task = import_attribute ("asyncio.tasks", "current_task")) == NULL)
    return -1;

  /* Where they are missing or private names have changed, the interrupted task stays current. */
  state->swap_current_task = import_optional ("asyncio.tasks", "_swap_current_task");
  state->py_swap_current_task = import_optional ("asyncio.tasks", "_py_swap_current_task");
  state->py_current_task = import_optional ("asyncio.tasks", "_py_current_task");
  state->leave_task = import_optional ("asyncio.tasks", "_leave_task");
  state->enter_task = import_optional ("asyncio.tasks", "_enter_task");
  state->epoll_selector_type = import_optional ("selectors", "EpollSelector");
  if (PyErr_Occurred ())
    return -1;

  /* Without the C tasks there is but one slot; before 3.14 the two share one. */
  if (state->py_swap_current_task == state->swap_current_task)
    Py_CLEAR (state->py_swap_current_task);

  /* Another asyncio than the one known here is no error: the stock tick serves every loop. */
  if (state->epoll_selector_type == NULL || probe_internals (state) < 0)
    {
      if (PyErr_Occurred () && !PyErr_ExceptionMatches (PyExc_AttributeError) &&
          !PyErr_ExceptionMatches (PyExc_ImportError) && !PyErr_ExceptionMatches (PyExc_TypeError))
        return -1;

      note_exception (state);
    }

  return 0;
}

/* Whether this loop, as it is now, can be ticked natively. */
int
core_may_native (Guest *self)
{
  CoreState *state = self->state;
  PyObject *debug;

  if (!self->may_native)
    return 0;

  debug = PyDict_GetItemWithError (self->loop_dict, state->str__debug);
  if (debug != Py_False)
    return PyErr_Occurred () ? -1 : 0;

  for (int i = 0; i < N_VERIFIED_METHODS; i++)
    {
      VerifiedMethod *method = &state->methods[i];
      gboolean of_handle = i == N_VERIFIED_METHODS - 1;
      PyObject *type = of_handle ? state->handle_type : (PyObject *) Py_TYPE (self->loop);
      PyObject *found = PyObject_GetAttr (type, method->name);
      int overridden;

      /* Taken away in mid-run: its own _run_once() is to say what that means. */
      if (found == NULL)
        {
          if (!PyErr_ExceptionMatches (PyExc_AttributeError))
            return -1;

          PyErr_Clear ();
          return 0;
        }

      overridden = found != method->function;
      if (!overridden && !of_handle)
        overridden = PyDict_Contains (self->loop_dict, method->name);

      Py_DECREF (found);
      if (overridden != 0)
        return overridden < 0 ? -1 : 0;
    }

  return 1;
}

/* Why this loop, as it is now, is ticked by its own _run_once(), in words; None if it is not. */
PyObject *
core_why_stock (Guest *self)
{
  CoreState *state = self->state;
  int native = core_may_native (self);

  if (native != 0)
    return native < 0 ? NULL : Py_NewRef (Py_None);

  if (state->difference != NULL)
    return PyUnicode_FromFormat ("asyncio is not as known: %s", state->difference);
  if (!self->may_native)
    return PyUnicode_FromString ("it was asked for");

  if (PyDict_GetItemWithError (self->loop_dict, state->str__debug) != Py_False)
    return PyErr_Occurred () ? NULL : PyUnicode_FromString ("the loop is in debug mode");

  return PyUnicode_FromString ("the loop or its handles have methods in the place of asyncio's");
}

/* Logs which kind of tick this is, if it was another before. */
void
core_tell_kind (Guest *self, int native)
{
  PyObject *why = native != self->told_native ? core_why_stock (self) : NULL;

  self->told_native = native;
  if (why != NULL)
    g_log ("AioGuest", G_LOG_LEVEL_MESSAGE, "run %p \"%s\": %s tick%s%s", self->run,
           aio_guest_run_get_name (self->run), native ? "native" : "stock",
           native ? "" : ", because ", native ? "" : PyUnicode_AsUTF8 (why));

  PyErr_Clear ();
  Py_XDECREF (why);
}
