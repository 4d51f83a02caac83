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
 *   check.c     whether a loop, as it is now, has but methods that were verified
 *   watch.c     noticing that a dict has changed
 *   methods.c   the methods that are done in C, and what is known of them
 *   loop.c      the type LoopBase: methods of a loop in C
 *   pipe.c      the pipe by which a loop is woken
 *   heap.c      the heap of timers
 *   guest.c     the type Guest: one loop bound to one run
 *   tick.c      the run's tick and peek
 *   deadline.c  when the loop is to be ticked for its timers
 *   native.c    a round of the loop in C
 *   stock.c     a round of the loop by its own _run_once()
 *   events.c    the selector: its events, and its descriptors for the run's poller
 *   handle.c    running one handle
 *   signals.c   waking the main context for Python's signal handlers
 *   iterate.c   iterating the main context until something has happened
 *   suspend.c   what is taken off a step that is interrupted, and put back
 *   step.c      main loops nested in a step, and the host's callbacks in there
 *   frames.c    the interpreter's frame evaluation function
 *   thread.c    the thread that a run belongs to, and its end
 *
 * Everything here is called with the GIL held but for guest_peek() and the prepare in step.c.
 */

/* The names of attributes, interned once. */
#define CORE_NAMES(X) \
  X (_add_callback) \
  X (_args) \
  X (_call_soon) \
  X (_cancelled) \
  X (_check_closed) \
  X (_clock_resolution) \
  X (_closed) \
  X (_context) \
  X (_csock) \
  X (_current_handle) \
  X (_debug) \
  X (_fd_to_key) \
  X (_process_events) \
  X (_process_self_data) \
  X (_read_from_self) \
  X (_ready) \
  X (_remove_reader) \
  X (_remove_writer) \
  X (_run) \
  X (_run_once) \
  X (_scheduled) \
  X (_selector) \
  X (_ssock) \
  X (_stopping) \
  X (_timer_cancelled_count) \
  X (_timer_handle_cancelled) \
  X (_when) \
  X (_write_to_self) \
  X (RLock) \
  X (__init__) \
  X (__lt__) \
  X (acquire) \
  X (append) \
  X (appendleft) \
  X (call_at) \
  X (call_later) \
  X (call_soon) \
  X (call_soon_threadsafe) \
  X (cancel) \
  X (context) \
  X (done) \
  X (events) \
  X (fileno) \
  X (get_debug) \
  X (get_map) \
  X (popleft) \
  X (recv) \
  X (release) \
  X (select) \
  X (send) \
  X (time)

/* What can be done in C for a loop all of whose methods in question are asyncio's own. */
typedef enum
{
  DOES_TICK = 1 << 0,
  DOES_CALL_SOON = 1 << 1,
  DOES_CALL_AT = 1 << 2,
  DOES_CALL_LATER = 1 << 3,
  DOES_TIME = 1 << 4,
  DOES_GET_DEBUG = 1 << 5,
  DOES_TIMER_HANDLE_CANCELLED = 1 << 6,
  DOES_CALL_SOON_THREADSAFE = 1 << 7,
  DOES_READ_FROM_SELF = 1 << 8,

  /* Not if the loop is in debug mode or closed, respectively. */
  DOES_WHILE_OPEN =
    DOES_CALL_SOON | DOES_CALL_SOON_THREADSAFE | DOES_CALL_AT | DOES_CALL_LATER,
  DOES_WITHOUT_DEBUG = DOES_TICK | DOES_WHILE_OPEN,
  DOES_ALL = (1 << 9) - 1
} CoreDoes;

typedef enum
{
  METHOD_OF_BASE_LOOP,
  METHOD_OF_SELECTOR_LOOP,
  METHOD_OF_HANDLE,
  METHOD_OF_TIMER_HANDLE,
  METHOD_OF_THREAD_SAFE_HANDLE,
  N_METHOD_OWNERS
} MethodOwner;

/* A method of asyncio that is done in C, or called by one that is. */
typedef struct
{
  MethodOwner owner;
  CoreDoes does; /* what can't be done in C if it is another than this one */
  PyObject *name;
  const char *const *names; /* that its code uses */
  PyObject *function;       /* NULL if there is none */
} VerifiedMethod;

#define N_VERIFIED_METHODS 21

/* What is known of a loop, for as long as none of what it is known from has changed. */
typedef struct
{
  guint type_version;
  guint timer_handle_version; /* of these two, and so of Handle, which they are or inherit */
  guint thread_safe_handle_version;
  guint64 dict_version;
  CoreDoes type_does; /* as far as the types go */
  CoreDoes does;

  /* Borrowed from the loop's dict, NULL if it has none. */
  PyObject *ready;
  PyObject *scheduled;
  PyObject *selector;
  PyObject *stopping;
} LoopCheck;

typedef struct
{
#define X(name) PyObject *str_##name;
  CORE_NAMES (X)
#undef X

  PyObject *null_byte;
  PyObject *pipe_read_size;

  PyObject *guest_type;
  PyObject *raiser_type;
  PyObject *loop_base_type;

  /* asyncio and the standard library */
  PyObject *handle_type;
  PyObject *timer_handle_type;
  PyObject *thread_safe_handle_type; /* has a lock, 3.14 on; else it is @handle_type */
  PyObject *rlock_type;
  PyObject *threading;
  PyObject *epoll_selector_type;
  PyObject *deque_type;
  PyCFunction deque_append;  /* of exact deques; NULL if it isn't where it is looked for */
  PyCFunction deque_popleft;
  long event_read; /* of the selectors module */
  long event_write;
  PyObject *current_task;
  PyObject *swap_current_task;    /* 3.12 on, else NULL */
  PyObject *py_swap_current_task; /* of pure-Python tasks; 3.14 on, else NULL */
  PyObject *py_current_task;      /* the same */
  PyObject *leave_task;
  PyObject *enter_task;
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

#if PY_VERSION_HEX >= 0x030c0000
  int dict_watcher; /* -1: none */
#endif
} CoreState;

typedef struct _Guest Guest;
typedef struct _Step Step;

/* What is taken off the step that is interrupted. Lives on the C stack. */
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

/* A stretch of the guest's code on this thread, or of the host's inside one. Lives on the C stack. */
struct _Step
{
  Step *outer;
  Guest *guest; /* NULL: the host's */
  int depth;    /* of dispatches */

  gboolean is_watched; /* it iterates the main context, or did so last */
  _PyErr_StackItem *handled;
  PyFrameObject *frame; /* not a reference */
  int instruction;
};

/* A Python frame that was entered from C while a step was watched. */
typedef struct
{
  Step step;
  Suspension suspension;
  Guest *guest; /* NULL: it is not suspended */
} StepFrame;

struct _Guest
{
  PyObject_HEAD

  CoreState *state;
  PyObject *loop;
  PyObject *loop_dict;
  AioGuestRun *run;
  gboolean may_native;
  int told_native; /* the kind of tick that was logged last, -1 for none */
  LoopCheck *check; /* the loop's own or this one: */
  LoopCheck own_check;

  /* Read by guest_peek() without the GIL: only ever replaced by the owner thread, with it. */
  PyObject *ready;
  PyObject *scheduled;
  Py_ssize_t n_scheduled; /* at the end of the last tick */

  Py_ssize_t todo;   /* handles left of the round that is going on, shared by nested ticks */
  gboolean is_over;  /* the run has ended, perhaps inside a handle of a tick that goes on */
  Step *step;        /* of the innermost tick */
  gboolean had_io;   /* the selector has told of something since the innermost tick began, or may */
  guint depth;       /* of nested ticks */
  guint stock_depth; /* of those, the ones inside the loop's own _run_once() */
  Py_ssize_t n_outer; /* handles that the innermost _run_once() has left to pop, at most */
  PyObject *padding; /* a cancelled handle, in @ready as often as it stands for none, see tick.c */
  PyObject *base_context; /* the innermost one entered when the outermost tick began, or NULL */

  /* events.c */
  PyObject *selector;
  PyObject *selector_dict;
  PyObject *fd_to_key;
  guint64 selector_version; /* of its dict, when it was looked at last */
  gboolean is_epoll;
  int epoll_fd;
  gboolean has_own_fd;
  PyObject *watched;   /* dict: descriptor -> condition, what the poller watches */
  gboolean watch_stale; /* the selector is another than the one @watched is of */
  guint64 map_version; /* of @fd_to_key, when it was synced last */

  GSource *signal_source; /* NULL if signals are not watched */
  GSource *nesting_source;

  gboolean is_attached;
  guint64 thread_state; /* the identifier of the owner's */
  PyObject *on_end;    /* asked whether the run is to end */
  PyObject *exception; /* the one that ended the run, by getting out of the loop */
  PyObject *failed;    /* the handle that it came from, and so its task, until @on_end was asked */
  PyObject *host_error; /* was pending when the tick began; until it can be so again */
};

/* module.c */
CoreState *core_state_of_type (PyTypeObject *type);
CoreState *core_state_of_subtype (PyTypeObject *type);
gboolean core_is_finalizing (void);

/* methods.c */
void core_init_methods (CoreState *state);

/* probe.c */
int core_probe (CoreState *state);

/* check.c */
int core_check_anew (CoreState *state, LoopCheck *check, PyObject *loop, PyObject *dict);
int guest_may_native (Guest *self); /* -1, 0 or 1 */
PyObject *guest_why_stock (Guest *self);
void guest_tell_kind (Guest *self, int native);
Py_ssize_t core_cancelled_count (CoreState *state, PyObject *dict);
int core_set_cancelled_count (CoreState *state, LoopCheck *check, PyObject *dict, Py_ssize_t count);

/* watch.c */
int core_init_watcher (CoreState *state);
void core_free_watcher (CoreState *state);
int core_watch (CoreState *state, PyObject *dict);
guint64 core_map_version (PyObject *map);
#if PY_VERSION_HEX >= 0x030c0000
extern guint64 core_loop_changes;
#endif

/* loop.c */
extern PyType_Spec loop_base_spec;
double core_time (void);
LoopCheck *core_get_check (CoreState *state, PyObject *loop);

/* pipe.c */
#define PIPE_READ_SIZE 4096
int pipe_write (CoreState *state, PyObject *loop);
int pipe_read (CoreState *state, PyObject *loop);

/* heap.c */
int heap_push (CoreState *state, PyObject *heap, PyObject *timer);
PyObject *heap_pop (CoreState *state, PyObject *heap);
int heap_heapify (CoreState *state, PyObject *heap);

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

/* deadline.c */
int guest_get_next_ready_time (Guest *self, gint64 *next_ready_time);
int guest_has_due_timer (Guest *self);
int timer_when (CoreState *state, PyObject *timer, double *when);

/* native.c, stock.c: the number of handles run or -1 */
Py_ssize_t guest_native_round (Guest *self, gint64 slice_end);
Py_ssize_t guest_stock_round (Guest *self);
int guest_is_stopping (Guest *self);

/* events.c */
int guest_fetch_selector (Guest *self);
int guest_polls_epoll (Guest *self);
int guest_process_events (Guest *self);
int guest_sync_watches (Guest *self);
gboolean guest_map_changed (Guest *self);
void guest_clear_selector (Guest *self);

/* signals.c */
PyObject *guest_watch_signals (Guest *self, int fd);
void guest_unwatch_signals (Guest *self);

/* handle.c */
extern PyType_Spec raiser_spec;
int ready_append (CoreState *state, PyObject *ready, PyObject *handle);
PyObject *ready_popleft (CoreState *state, PyObject *ready);
int handle_run (Guest *self, PyObject *handle);
int handle_is_cancelled (CoreState *state, PyObject *handle);

/* suspend.c */
PyObject *core_take_exception (void);
int suspension_interrupts_step (Guest *guest);
int suspension_begin (Suspension *suspension, Guest *guest);
int suspension_begin_host (Suspension *suspension, Guest *guest, _PyErr_StackItem *handled);
void suspension_end (Suspension *suspension, Guest *guest);
void suspension_restore_error (PyObject *error);

/* thread.c */
void guest_hold_thread (Guest *self);
void guest_release_thread (Guest *self);
PyObject *core_clear_thread_storage (PyObject *module, PyObject *unused);

/* iterate.c */
PyObject *guest_iterate (Guest *self, PyObject *future);

/* step.c */
void step_begin (Step *step, Guest *guest);
void step_end (Step *step);
void step_stop_watching (Step *step);
gboolean step_enter_frame (StepFrame *self, PyThreadState *thread);
void step_leave_frame (StepFrame *self);
void guest_watch_nesting (Guest *self, GMainContext *context);
void guest_unwatch_nesting (Guest *self);
PyObject *guest_call_step (PyObject *object, PyObject *args, PyObject *kwargs);

/* frames.c */
void frames_watch (void);
void frames_unwatch (void);

/* To be called where code of the guest's ends and other such code begins. */
static inline void
step_forget_nested (Step *step)
{
  if (G_UNLIKELY (step->is_watched))
    step_stop_watching (step);
}

static inline gboolean
handle_is_exact (CoreState *state, PyObject *handle)
{
  return (PyObject *) Py_TYPE (handle) == state->handle_type ||
         (PyObject *) Py_TYPE (handle) == state->timer_handle_type ||
         (PyObject *) Py_TYPE (handle) == state->thread_safe_handle_type;
}

static inline PyObject *
handle_slot (PyObject *handle, Py_ssize_t offset)
{
  return *(PyObject **) ((char *) handle + offset);
}

static inline void
handle_set_slot (PyObject *handle, Py_ssize_t offset, PyObject *value)
{
  PyObject **slot = (PyObject **) ((char *) handle + offset);

  Py_XSETREF (*slot, Py_NewRef (value));
}

/* Of the dict of a loop or a selector, which is watched. */
static inline guint64
core_loop_version (PyObject *dict)
{
#if PY_VERSION_HEX >= 0x030c0000
  (void) dict;
  return core_loop_changes;
#else
  return ((PyDictObject *) dict)->ma_version_tag;
#endif
}

/* 0 if the type has none now. Any look-up gives it a new one, until there are no more. */
static inline guint
core_type_version (PyObject *object)
{
  PyTypeObject *type = (PyTypeObject *) object;

#if PY_VERSION_HEX < 0x030c0000
  if (!PyType_HasFeature (type, Py_TPFLAGS_VALID_VERSION_TAG))
    return 0;
#endif

  return type->tp_version_tag;
}

/* Brings @check up to date, or fails with an exception. @dict is the loop's, and watched. It is to
 * be called anew after each call into Python: any may have replaced the loop's attributes. */
static inline int
core_check_loop (CoreState *state, LoopCheck *check, PyObject *loop, PyObject *dict)
{
  if (G_LIKELY (check->dict_version == core_loop_version (dict) && check->type_version != 0 &&
                check->type_version == core_type_version ((PyObject *) Py_TYPE (loop)) &&
                check->timer_handle_version == core_type_version (state->timer_handle_type) &&
                check->thread_safe_handle_version ==
                  core_type_version (state->thread_safe_handle_type)))
    return 0;

  return core_check_anew (state, check, loop, dict);
}

static inline int
guest_check_loop (Guest *self)
{
  return core_check_loop (self->state, self->check, self->loop, self->loop_dict);
}
