/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "state.h"

/*
 * The methods of asyncio that are done in C, and those that they call. For each: the names that its
 * code is known to use, and what can't be done in C if a loop overrides it.
 */

/* A name that only some versions of asyncio use begins with a "?". */
static const char *const run_once_names[] = {
  "_scheduled", "_MIN_SCHEDULED_TIMER_HANDLES", "_timer_cancelled_count",
  "_MIN_CANCELLED_TIMER_HANDLES_FRACTION", "_cancelled", "append", "heapq", "heapify", "heappop",
  "_ready", "_stopping", "_when", "?min", "?max", "len", "time", "MAXIMUM_SELECT_TIMEOUT",
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
  "format_helpers", "_format_callback_source", "_loop", "?get_debug", "_source_traceback",
  "call_exception_handler", NULL,
};
static const char *const handle_init_names[] = {
  "contextvars", "copy_context", "_context", "_loop", "_callback", "_args", "_cancelled", "_repr",
  "get_debug", "format_helpers", "extract_stack", "sys", "_getframe", "_source_traceback", NULL,
};
static const char *const timer_handle_init_names[] = {
  "super", "__init__", "_source_traceback", "_when", "_scheduled", NULL,
};
static const char *const less_than_names[] = {
  "isinstance", "TimerHandle", "_when", "NotImplemented", NULL,
};
static const char *const check_closed_names[] = { "_closed", "RuntimeError", NULL };
static const char *const get_debug_names[] = { "_debug", NULL };
static const char *const call_soon_names[] = {
  "_check_closed", "_debug", "_check_thread", "_check_callback", "_call_soon", "_source_traceback",
  NULL,
};
static const char *const make_handle_names[] = {
  "events", "Handle", "_source_traceback", "_ready", "append", NULL,
};
static const char *const call_soon_threadsafe_names[] = {
  "_check_closed", "_debug", "_check_callback", "_call_soon", "_source_traceback",
  "_write_to_self", NULL,
};
static const char *const locked_call_soon_threadsafe_names[] = {
  "_check_closed", "_debug", "_check_callback", "events", "_ThreadSafeHandle", "_ready", "append",
  "_source_traceback", "_write_to_self", NULL,
};
static const char *const locked_handle_init_names[] = {
  "super", "__init__", "threading", "RLock", "_lock", NULL,
};
static const char *const locked_handle_run_names[] = {
  "_lock", "_cancelled", "super", "_run", NULL,
};
static const char *const write_to_self_names[] = {
  "_csock", "send", "OSError", "_debug", "logger", "debug", NULL,
};
static const char *const read_from_self_names[] = {
  "_ssock", "recv", "_process_self_data", "InterruptedError", "BlockingIOError", NULL,
};
static const char *const call_at_names[] = {
  "TypeError", "_check_closed", "_debug", "_check_thread", "_check_callback", "events",
  "TimerHandle", "_source_traceback", "heapq", "heappush", "_scheduled", NULL,
};
static const char *const call_later_names[] = {
  "TypeError", "call_at", "time", "_source_traceback", NULL,
};
/* Also called if the probes fail later: check.c uses the names of the methods in any case. */
void
core_init_methods (CoreState *state)
{
  const gboolean locks = state->thread_safe_handle_type != state->handle_type;
  const CoreDoes handles = DOES_WHILE_OPEN;
  const CoreDoes timers = DOES_CALL_AT | DOES_CALL_LATER;
  const struct
  {
    MethodOwner owner;
    PyObject *name;
    const char *const *names;
    CoreDoes does;
  } methods[N_VERIFIED_METHODS] = {
    { METHOD_OF_BASE_LOOP, state->str__run_once, run_once_names, DOES_TICK },
    { METHOD_OF_BASE_LOOP, state->str__add_callback, add_callback_names, DOES_TICK },
    { METHOD_OF_BASE_LOOP, state->str_time, time_names, DOES_TICK | DOES_CALL_LATER | DOES_TIME },
    { METHOD_OF_BASE_LOOP, state->str__timer_handle_cancelled, timer_handle_cancelled_names,
      DOES_TICK | DOES_TIMER_HANDLE_CANCELLED },
    { METHOD_OF_BASE_LOOP, state->str__check_closed, check_closed_names, handles },
    { METHOD_OF_BASE_LOOP, state->str_get_debug, get_debug_names, handles | DOES_GET_DEBUG },
    { METHOD_OF_BASE_LOOP, state->str_call_soon, call_soon_names, DOES_CALL_SOON },
    { METHOD_OF_BASE_LOOP, state->str__call_soon, make_handle_names,
      DOES_CALL_SOON | DOES_CALL_SOON_THREADSAFE },
    { METHOD_OF_BASE_LOOP, state->str_call_soon_threadsafe,
      locks ? locked_call_soon_threadsafe_names : call_soon_threadsafe_names,
      DOES_CALL_SOON_THREADSAFE },
    { METHOD_OF_BASE_LOOP, state->str_call_at, call_at_names, timers },
    { METHOD_OF_BASE_LOOP, state->str_call_later, call_later_names, DOES_CALL_LATER },
    { METHOD_OF_SELECTOR_LOOP, state->str__process_events, process_events_names, DOES_TICK },
    { METHOD_OF_SELECTOR_LOOP, state->str__write_to_self, write_to_self_names,
      DOES_CALL_SOON_THREADSAFE },
    { METHOD_OF_SELECTOR_LOOP, state->str__read_from_self, read_from_self_names,
      DOES_READ_FROM_SELF },
    { METHOD_OF_HANDLE, state->str__run, handle_run_names, DOES_TICK },
    { METHOD_OF_TIMER_HANDLE, state->str__run, handle_run_names, DOES_TICK },
    { METHOD_OF_HANDLE, state->str___init__, handle_init_names, handles },
    { METHOD_OF_TIMER_HANDLE, state->str___init__, timer_handle_init_names, timers },
    { METHOD_OF_TIMER_HANDLE, state->str___lt__, less_than_names, DOES_TICK | timers },
    { METHOD_OF_THREAD_SAFE_HANDLE, state->str__run,
      locks ? locked_handle_run_names : handle_run_names, DOES_TICK },
    { METHOD_OF_THREAD_SAFE_HANDLE, state->str___init__,
      locks ? locked_handle_init_names : handle_init_names, DOES_CALL_SOON_THREADSAFE },
  };

  for (int i = 0; i < N_VERIFIED_METHODS; i++)
    {
      VerifiedMethod *method = &state->methods[i];

      method->owner = methods[i].owner;
      method->does = methods[i].does;
      method->name = methods[i].name;
      method->names = methods[i].names;
    }
}

