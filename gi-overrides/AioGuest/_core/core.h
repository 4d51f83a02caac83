/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <aio-guest.h>

/*
 * The accelerator: what lets an asyncio loop be the guest of an AioGuest.Run.
 *
 *   module.c    the module and its state
 *   probe.c     whether asyncio is the one this code was verified against
 *   guest.c     the type Guest: one loop bound to one run
 *   tick.c      the run's tick and peek
 *   native.c    a round of the loop in C
 *   stock.c     a round of the loop by its own _run_once()
 *   events.c    the selector: its events, and its descriptors for the run's poller
 *   handle.c    running one handle
 *   signals.c   waking the main context for Python's signal handlers
 *   suspend.c   what a nested tick takes off the interrupted step and puts back
 *   thread.c    the thread that a run belongs to, and its end
 *
 * Everything here is called with the GIL held but for guest_peek().
 */

/* The names of attributes, interned once. */
#define CORE_NAMES(X) \
  X (_add_callback) \
  X (_args) \
  X (_cancelled) \
  X (_clock_resolution) \
  X (_context) \
  X (_current_handle) \
  X (_debug) \
  X (_fd_to_key) \
  X (_process_events) \
  X (_ready) \
  X (_remove_reader) \
  X (_remove_writer) \
  X (_run) \
  X (_run_once) \
  X (_scheduled) \
  X (_selector) \
  X (_stopping) \
  X (_timer_cancelled_count) \
  X (_timer_handle_cancelled) \
  X (_when) \
  X (append) \
  X (appendleft) \
  X (cancel) \
  X (done) \
  X (fileno) \
  X (get_map) \
  X (popleft) \
  X (select) \
  X (time)

/* A method of asyncio that native.c does the work of, and the function it was verified against. */
typedef struct
{
  PyObject *name;
  PyObject *function;
} VerifiedMethod;

#define N_VERIFIED_METHODS 6

typedef struct
{
#define X(name) PyObject *str_##name;
  CORE_NAMES (X)
#undef X

  PyObject *guest_type;
  PyObject *raiser_type;

  /* asyncio and the standard library */
  PyObject *handle_type;
  PyObject *timer_handle_type;
  PyObject *epoll_selector_type;
  PyObject *deque_type;
  PyObject *handle_run;
  PyObject *heappop;
  PyObject *heapify;
  PyObject *current_task;
  PyObject *swap_current_task;    /* 3.12 on, else NULL */
  PyObject *py_swap_current_task; /* of pure-Python tasks; 3.14 on, else NULL */
  PyObject *py_current_task;      /* the same */
  PyObject *leave_task;
  PyObject *enter_task;
  VerifiedMethod methods[N_VERIFIED_METHODS];
  Py_ssize_t min_scheduled_timer_handles;
  double min_cancelled_timer_handles_fraction;

  /* Where the slots of a handle are; valid if @verified */
  gboolean verified;
  gboolean debug_ticks;
  char *difference; /* the first thing found that is not as expected, NULL if @verified */
  Py_ssize_t callback_offset;
  Py_ssize_t args_offset;
  Py_ssize_t cancelled_offset;
  Py_ssize_t context_offset;
  Py_ssize_t when_offset;
  Py_ssize_t scheduled_offset;

#if PY_VERSION_HEX >= 0x030c0000
  int dict_watcher;
#endif
} CoreState;

/* What a nested tick takes off the step it interrupts. Lives on the C stack. */
typedef struct
{
  PyObject *contexts; /* list, innermost first; NULL if there were none */
  PyObject *task;
  PyObject *py_task;
  PyObject *current_handle;
  PyObject *error;
  _PyErr_StackItem *handled;
  _PyErr_StackItem none_handled;
} Suspension;

typedef struct
{
  PyObject_HEAD

  CoreState *state;
  PyObject *loop;
  PyObject *loop_dict;
  AioGuestRun *run;
  gboolean may_native;
  int told_native; /* the kind of tick that was logged last, -1 for none */

  /* Read by guest_peek() without the GIL: only ever replaced by the owner thread, with it. */
  PyObject *ready;
  PyObject *scheduled;
  Py_ssize_t n_scheduled; /* at the end of the last tick */

  PyObject *ready_popleft;
  PyObject *ready_append;

  Py_ssize_t todo;   /* handles left of the round that is going on, shared by nested ticks */
  gboolean is_over;  /* the run has ended, perhaps inside a handle of a tick that goes on */
  guint depth;       /* of nested ticks */
  guint stock_depth; /* of those, the ones inside the loop's own _run_once() */
  PyObject *padding; /* a cancelled handle, in @ready as often as it stands for none, see tick.c */
  PyObject *base_context; /* the innermost one entered when the outermost tick began, or NULL */

  /* events.c */
  PyObject *selector;
  PyObject *selector_dict;
  PyObject *fd_to_key;
  gboolean is_epoll;
  int epoll_fd;
  gboolean has_own_fd;
  PyObject *watched;   /* dict: descriptor -> condition, what the poller watches */
  gboolean watch_stale; /* the selector is another than the one @watched is of */
  guint64 map_version; /* of @fd_to_key, when it was synced last */

  GSource *signal_source; /* NULL if signals are not watched */

  gboolean is_attached;
  guint64 thread_state; /* the identifier of the owner's */
  PyObject *on_end;    /* asked whether the run is to end */
  PyObject *exception; /* the one that ended the run, by getting out of the loop */
  PyObject *host_error; /* was pending when the tick began; until it can be so again */
} Guest;

/* module.c */
CoreState *core_state_of_type (PyTypeObject *type);
gboolean core_is_finalizing (void);

/* probe.c */
int core_probe (CoreState *state);
int core_may_native (Guest *self); /* -1, 0 or 1 */
PyObject *core_why_stock (Guest *self);
void core_tell_kind (Guest *self, int native);

/* guest.c */
extern PyType_Spec guest_spec;
int core_init_pygobject (void);
int guest_fetch_queues (Guest *self);

/* tick.c */
AioGuestTick guest_tick (AioGuestRun *run,
                         gint64 slice_end,
                         gint64 *next_ready_time,
                         gpointer user_data,
                         GError **error);
gboolean guest_peek (gpointer user_data);

/* native.c, stock.c: the number of handles run or -1 */
Py_ssize_t guest_native_round (Guest *self, gint64 slice_end);
Py_ssize_t guest_stock_round (Guest *self);
int guest_is_stopping (Guest *self);

/* events.c */
int guest_fetch_selector (Guest *self);
int guest_process_events (Guest *self);
int guest_sync_watches (Guest *self);
gboolean guest_map_changed (Guest *self);
int core_init_watcher (CoreState *state);
void guest_clear_selector (Guest *self);

/* signals.c */
PyObject *guest_watch_signals (Guest *self, int fd);
void guest_unwatch_signals (Guest *self);

/* handle.c */
extern PyType_Spec raiser_spec;
int handle_run (Guest *self, PyObject *handle);
int handle_is_cancelled (CoreState *state, PyObject *handle);

/* suspend.c */
PyObject *core_take_exception (void);
int suspension_begin (Suspension *suspension, Guest *guest);
void suspension_end (Suspension *suspension, Guest *guest);
void suspension_restore_error (PyObject *error);

/* thread.c */
void guest_hold_thread (Guest *self);
void guest_release_thread (Guest *self);
PyObject *core_clear_thread_storage (PyObject *module, PyObject *unused);

static inline gboolean
handle_is_exact (CoreState *state, PyObject *handle)
{
  return (PyObject *) Py_TYPE (handle) == state->handle_type ||
         (PyObject *) Py_TYPE (handle) == state->timer_handle_type;
}

static inline PyObject *
handle_slot (PyObject *handle, Py_ssize_t offset)
{
  return *(PyObject **) ((char *) handle + offset);
}
