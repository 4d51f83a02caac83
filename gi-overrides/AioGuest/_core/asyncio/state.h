/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "methods.h"
#include "names.h"

/* The place of a bit in a task object. */
typedef struct
{
  Py_ssize_t offset;
  guint8 mask;
} TaskBit;

/* The state of the module. */

struct _CoreState
{
#define X(name) PyObject *str_##name;
  CORE_NAMES (X)
#undef X

  PyObject *null_byte;
  PyObject *pipe_read_size;

  PyObject *guest_type;
  PyObject *asyncio_guest_type;
  PyObject *greenlet_watch_type;
  PyObject *raiser_type;
  PyObject *loop_base_type;

  /* asyncio and the standard library */
  PyObject *handle_type;
  PyObject *timer_handle_type;
  PyObject *thread_safe_handle_type; /* has a lock, from 3.14 on; before, it is @handle_type */
  PyObject *rlock_type;
  PyObject *threading;
  PyObject *epoll_selector_type;
  PyObject *epoll_select; /* select() of that type, which was verified; else NULL */
  PyObject *deque_type;
  PyCFunction deque_append;  /* the C functions of exact deques; NULL if they were not found */
  PyCFunction deque_popleft;
  Py_ssize_t deque_changes_offset; /* the place of its count of changes; 0 if unknown */
  long event_read; /* a constant of the selectors module, like the next */
  long event_write;
  PyObject *current_task;
  PyObject *swap_current_task;    /* 3.12 on, else NULL */
  PyObject *py_swap_current_task; /* of pure-Python tasks; 3.14 on, else NULL */
  PyObject *py_current_task;      /* the same */
  PyObject *leave_task;
  PyObject *enter_task;
  PyObject *must_cancel_type; /* asyncio's task type in C, if @must_cancel is known; else NULL */
  VerifiedMethod methods[N_VERIFIED_METHODS];
  Py_ssize_t min_scheduled_timer_handles;
  double min_cancelled_timer_handles_fraction;

  gboolean verified;
  gboolean debug_ticks;
  char *difference; /* the first thing found that is not as expected, NULL if @verified */

  /* Where the slots of a handle are; valid if @verified */
  Py_ssize_t callback_offset;
  Py_ssize_t args_offset;
  Py_ssize_t cancelled_offset;
  Py_ssize_t context_offset;
  Py_ssize_t loop_offset;
  Py_ssize_t repr_offset;
  Py_ssize_t source_traceback_offset;
  Py_ssize_t when_offset;
  Py_ssize_t scheduled_offset;
  Py_ssize_t lock_offset; /* 0 if @thread_safe_handle_type has none */

  /* The flag by which a task notes that its next await must raise CancelledError */
  TaskBit must_cancel;

#if PY_VERSION_HEX >= 0x030c0000
  int dict_watcher; /* -1: none */
#endif
};

CoreState *core_state_of_type (PyTypeObject *type);

int core_state_intern_names (CoreState *state);
int core_state_traverse (CoreState *state, visitproc visit, void *arg);
void core_state_clear (CoreState *state);
