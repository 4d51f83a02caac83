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

/* Whether the code of @function uses none but @names: 1, 0, or -1 with an exception. */
static int
function_is_known (PyObject *function, const char *const *names)
{
  PyObject *code = NULL;
  PyObject *used = NULL;
  int known = 0;

  if (!PyFunction_Check (function))
    return 0;

  code = PyFunction_GetCode (function);
  used = PyObject_GetAttrString (code, "co_names");
  if (used == NULL)
    return -1;

  if (PyTuple_Check (used))
    {
      known = 1;
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE (used); i++)
        known &= names_contain (names, PyTuple_GET_ITEM (used, i));
    }

  Py_DECREF (used);
  return known;
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
  int known;

  method->name = name;
  method->function = PyObject_GetAttr (type, name);
  if (method->function == NULL)
    return -1;

  known = function_is_known (method->function, names);
  if (known < 0)
    return -1;

  state->verified &= known;
  return 0;
}

static int
probe_slot (CoreState *state, PyObject *type, const char *name, Py_ssize_t *offset)
{
  PyObject *descriptor = PyObject_GetAttrString (type, name);

  if (descriptor == NULL)
    return -1;

  if (Py_IS_TYPE (descriptor, &PyMemberDescr_Type))
    *offset = ((PyMemberDescrObject *) descriptor)->d_member->offset;
  else
    state->verified = FALSE;

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
  int known_select;

  state->handle_run = PyObject_GetAttr (state->handle_type, state->str__run);
  select = PyObject_GetAttr (state->epoll_selector_type, state->str_select);

  if (base_loop == NULL || selector_loop == NULL || state->handle_run == NULL || select == NULL)
    goto out;

  state->verified = TRUE;
  known_select = function_is_known (select, select_names);
  if (known_select < 0)
    goto out;
  state->verified &= known_select;

  if (probe_method (state, 0, base_loop, state->str__run_once, run_once_names) == 0 &&
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

      PyErr_Clear ();
      state->verified = FALSE;
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

      if (found == NULL)
        return -1;

      overridden = found != method->function;
      if (!overridden && !of_handle)
        overridden = PyDict_Contains (self->loop_dict, method->name);

      Py_DECREF (found);
      if (overridden != 0)
        return overridden < 0 ? -1 : 0;
    }

  return 1;
}
