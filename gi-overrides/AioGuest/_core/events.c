/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core.h"

#include <errno.h>
#include <sys/epoll.h>

/* In the order of a SelectorKey's fields, which is looked at by probe.c. */
enum
{
  KEY_FILEOBJ,
  KEY_FD,
  KEY_EVENTS,
  KEY_DATA,
  N_KEY_FIELDS
};

/* More than one epoll_wait() could say are found by the next round. */
#define MAX_EVENTS 1024

/*
 * Selectors without a descriptor of their own (select, poll) have theirs watched one by one, so
 * what code of the host registers between two ticks must be noticed, without the GIL. All of
 * them keep a dict from descriptor to key.
 */

/* Without the GIL: the dict is held by a strong reference and only its version is read. */
gboolean
guest_map_changed (Guest *self)
{
  return !self->has_own_fd && self->fd_to_key != NULL && core_map_version (self->fd_to_key) != self->map_version;
}

void
guest_clear_selector (Guest *self)
{
  Py_CLEAR (self->fd_to_key);
  Py_CLEAR (self->selector_dict);
  Py_CLEAR (self->selector);
  self->selector_version = G_MAXUINT64;
  self->is_epoll = FALSE;
  self->has_own_fd = FALSE;
  self->epoll_fd = -1;
}

/* A descriptor's number, -1 if it is negative, -2 with an exception. */
static int
get_fd (PyObject *number)
{
  long fd = PyLong_AsLong (number);

  if (fd > G_MAXINT)
    PyErr_Format (PyExc_OverflowError, "%R is too large for a file descriptor", number);

  return PyErr_Occurred () ? -2 : (int) MAX (fd, -1);
}

/* The selector's own descriptor, -1 if it has none, -2 with an exception. */
static int
selector_fileno (CoreState *state, PyObject *selector)
{
  PyObject *value = PyObject_CallMethodNoArgs (selector, state->str_fileno);
  int fd = -1;

  if (value == NULL)
    {
      if (!PyErr_ExceptionMatches (PyExc_AttributeError))
        return -2;

      PyErr_Clear ();
      return -1;
    }

  if (PyLong_Check (value))
    fd = get_fd (value);
  Py_DECREF (value);
  return fd;
}

/* Looks at what @self->selector is, with @fd for a descriptor of its own. */
static int
look_at_selector (Guest *self, int fd)
{
  CoreState *state = self->state;

  self->selector_dict = PyObject_GenericGetDict (self->selector, NULL);
  if (self->selector_dict == NULL && PyErr_ExceptionMatches (PyExc_AttributeError))
    PyErr_Clear ();
  else if (self->selector_dict != NULL)
    self->fd_to_key =
      Py_XNewRef (PyDict_GetItemWithError (self->selector_dict, state->str__fd_to_key));

  if (PyErr_Occurred () ||
      (self->selector_dict != NULL && core_watch (state, self->selector_dict) < 0))
    return -1;

  if (self->fd_to_key != NULL && !PyDict_CheckExact (self->fd_to_key))
    Py_CLEAR (self->fd_to_key);

  self->has_own_fd = fd >= 0;
  self->epoll_fd = fd;
  self->is_epoll = fd >= 0 && self->fd_to_key != NULL && state->verified &&
                   (PyObject *) Py_TYPE (self->selector) == state->epoll_selector_type;
  self->watch_stale = TRUE;

  if (self->has_own_fd)
    return 0;

  if (self->fd_to_key == NULL)
    {
      PyErr_Format (PyExc_TypeError,
                    "the event loop's selector %R can't be watched: it has neither a descriptor "
                    "of its own nor the bookkeeping of Python's selectors; give the loop one of "
                    "those, such as selectors.DefaultSelector()",
                    self->selector);
      return -1;
    }

  return core_watch (state, self->fd_to_key);
}

/* Makes @self know the selector that the loop has now. After an exception it knows none, and the
 * next call looks again. */
int
guest_fetch_selector (Guest *self)
{
  PyObject *selector = guest_check_loop (self) == 0 ? self->check->selector : NULL;
  int fd;

  if (selector == self->selector && selector != NULL)
    return 0;

  if (selector == NULL || selector == Py_None)
    {
      if (!PyErr_Occurred ())
        PyErr_SetString (PyExc_RuntimeError, "the event loop has no selector, or no longer");
      return -1;
    }

  Py_INCREF (selector);
  fd = selector_fileno (self->state, selector);
  if (fd == -2)
    {
      Py_DECREF (selector);
      return -1;
    }

  guest_clear_selector (self);
  self->selector = selector;
  if (look_at_selector (self, fd) == 0)
    return 0;

  guest_clear_selector (self);
  return -1;
}

/* Descriptors for the run's poller, by add_wanted() only */

static int
add_wanted (PyObject *wanted, int fd, GIOCondition condition)
{
  PyObject *key = PyLong_FromLong (fd);
  PyObject *value = PyLong_FromLong (condition);
  int result =
    key != NULL && value != NULL ? PyDict_SetItem (wanted, key, value) : -1;

  Py_XDECREF (key);
  Py_XDECREF (value);
  return result;
}

static int
add_wanted_keys (CoreState *state, PyObject *wanted, PyObject *fd_to_key)
{
  PyObject *fd, *key;
  Py_ssize_t position = 0;

  while (PyDict_Next (fd_to_key, &position, &fd, &key))
    {
      PyObject *value = PyObject_GetAttr (key, state->str_events);
      long events = value != NULL ? PyLong_AsLong (value) : -1;
      GIOCondition condition = 0;
      int number;

      Py_XDECREF (value);
      if (events & state->event_read)
        condition |= G_IO_IN;
      if (events & state->event_write)
        condition |= G_IO_OUT;

      if (PyErr_Occurred () || (number = get_fd (fd)) == -2 ||
          (number >= 0 && add_wanted (wanted, number, condition) < 0))
        return -1;
    }

  return 0;
}

static void
apply_wanted (Guest *self, PyObject *wanted)
{
  AioGuestPoller *poller = aio_guest_run_get_poller (self->run);
  PyObject *fd, *condition;
  Py_ssize_t position = 0;

  while (PyDict_Next (self->watched, &position, &fd, &condition))
    {
      if (!PyDict_Contains (wanted, fd))
        aio_guest_poller_unwatch (poller, (int) PyLong_AsLong (fd));
    }

  /* A descriptor that was closed, but not removed, is not watched: there is nothing to wait for.
   * What the selector makes of it is seen in the next tick. */
  position = 0;
  while (PyDict_Next (wanted, &position, &fd, &condition))
    aio_guest_poller_watch (poller, (int) PyLong_AsLong (fd),
                            (GIOCondition) PyLong_AsLong (condition), NULL);

  Py_XSETREF (self->watched, Py_NewRef (wanted));
}

/* Makes the poller watch what the selector does. */
int
guest_sync_watches (Guest *self)
{
  const guint64 map_version = self->has_own_fd ? 0 : core_map_version (self->fd_to_key);
  PyObject *wanted;
  PyObject *keys;
  int result;

  if (!self->watch_stale && !guest_map_changed (self))
    return 0;

  wanted = PyDict_New ();
  if (wanted == NULL)
    return -1;

  if (self->has_own_fd)
    {
      result = add_wanted (wanted, self->epoll_fd, G_IO_IN);
    }
  else
    {
      /* A copy, in case that a key of another kind has Python code for its fields. */
      keys = PyDict_Copy (self->fd_to_key);
      result = keys != NULL ? add_wanted_keys (self->state, wanted, keys) : -1;
      Py_XDECREF (keys);
    }

  if (result == 0)
    {
      apply_wanted (self, wanted);
      self->map_version = map_version;
      self->watch_stale = FALSE;
    }

  Py_DECREF (wanted);
  return result;
}

/* Events */

static int
add_callback (Guest *self, PyObject *handle, PyObject *fileobj, PyObject *remove)
{
  PyObject *result;
  int cancelled;

  if (handle == Py_None)
    return 0;

  cancelled = handle_is_cancelled (self->state, handle);
  if (cancelled < 0)
    return -1;

  if (!cancelled)
    return ready_append (self->state, self->ready, handle);

  /* A reader that was cancelled must go, or a level-triggered epoll never rests. */
  result = PyObject_CallMethodOneArg (self->loop, remove, fileobj);
  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

static int
process_event (Guest *self, const struct epoll_event *event)
{
  CoreState *state = self->state;
  PyObject *fd = PyLong_FromLong (event->data.fd);
  PyObject *key;
  PyObject *data;
  long mask = 0;
  int result = -1;

  if (fd == NULL)
    return -1;

  /* No key: a duplicate of a descriptor that was registered and closed is still open. */
  key = Py_XNewRef (PyDict_GetItemWithError (self->fd_to_key, fd));
  Py_DECREF (fd);
  if (key == NULL)
    return PyErr_Occurred () ? -1 : 0;

  if (event->events & ~EPOLLIN)
    mask |= state->event_write;
  if (event->events & ~EPOLLOUT)
    mask |= state->event_read;

  if (PyTuple_Check (key) && PyTuple_GET_SIZE (key) >= N_KEY_FIELDS &&
      PyTuple_Check (data = PyTuple_GET_ITEM (key, KEY_DATA)) && PyTuple_GET_SIZE (data) == 2)
    {
      PyObject *fileobj = PyTuple_GET_ITEM (key, KEY_FILEOBJ);

      mask &= PyLong_AsLong (PyTuple_GET_ITEM (key, KEY_EVENTS));
      if ((!(mask & state->event_read) ||
           add_callback (self, PyTuple_GET_ITEM (data, 0), fileobj,
                         state->str__remove_reader) == 0) &&
          (!(mask & state->event_write) ||
           add_callback (self, PyTuple_GET_ITEM (data, 1), fileobj,
                         state->str__remove_writer) == 0))
        result = 0;
    }
  else
    {
      PyErr_Format (PyExc_TypeError, "unexpected selector key %R", key);
    }

  Py_DECREF (key);
  return result;
}

static int
process_by_methods (Guest *self)
{
  CoreState *state = self->state;
  PyObject *zero = PyLong_FromLong (0);
  PyObject *events =
    zero != NULL ? PyObject_CallMethodOneArg (self->selector, state->str_select, zero) : NULL;
  PyObject *result =
    events != NULL ? PyObject_CallMethodOneArg (self->loop, state->str__process_events, events)
                   : NULL;

  self->had_io = TRUE;

  Py_XDECREF (zero);
  Py_XDECREF (events);
  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

/* Whether events can be taken from epoll itself: 1, 0, or -1 with an exception. */
static int
may_epoll (Guest *self)
{
  int overridden;

  if (!self->is_epoll)
    return 0;

  if (self->selector_version == core_loop_version (self->selector_dict))
    return 1;

  overridden = PyDict_Contains (self->selector_dict, self->state->str_select);
  if (overridden == 0)
    self->selector_version = core_loop_version (self->selector_dict);

  return overridden < 0 ? -1 : !overridden;
}

/* Whether the selector, as it is now, is an epoll object: its descriptor tells of all events. */
int
guest_polls_epoll (Guest *self)
{
  return guest_fetch_selector (self) < 0 ? -1 : may_epoll (self);
}

/* Puts the handles of all that is readable or writable into the ready queue; never waits. */
int
guest_process_events (Guest *self)
{
  struct epoll_event events[MAX_EVENTS];
  int may;
  int n_events;

  if (guest_fetch_selector (self) < 0)
    return -1;

  may = may_epoll (self);
  if (may <= 0)
    return may < 0 ? -1 : process_by_methods (self);

  n_events = epoll_wait (self->epoll_fd, events, MAX_EVENTS, 0);
  if (n_events < 0 && errno != EINTR)
    {
      PyErr_SetFromErrno (PyExc_OSError);
      return -1;
    }

  self->had_io |= n_events > 0;
  for (int i = 0; i < n_events; i++)
    {
      if (process_event (self, &events[i]) < 0)
        return -1;
    }

  return 0;
}
