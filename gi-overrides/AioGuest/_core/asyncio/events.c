/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "events.h"
#include "handle.h"
#include "ready.h"

#include <errno.h>
#include <sys/epoll.h>

/* The events that the selector reports. */

/* The indices of a SelectorKey's fields, which probe.c verifies. */
enum
{
  KEY_FILEOBJ,
  KEY_FD,
  KEY_EVENTS,
  KEY_DATA,
  N_KEY_FIELDS
};

/* If there are more than one epoll_wait() can report, the next round finds the others. */
#define MAX_EVENTS 1024

static int
add_callback (AsyncioGuest *self, PyObject *handle, PyObject *fileobj, PyObject *remove)
{
  PyObject *result;
  int cancelled;

  if (handle == Py_None)
    return 0;

  cancelled = handle_is_cancelled (self->view.state, handle);
  if (cancelled < 0)
    return -1;

  if (!cancelled)
    return ready_append (self->view.state, self->view.ready, handle);

  /* A cancelled reader or writer must be removed, or a level-triggered epoll would report it
   * without end. */
  result = PyObject_CallMethodOneArg (self->view.loop, remove, fileobj);
  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

static int
process_event (AsyncioGuest *self, const struct epoll_event *event)
{
  CoreState *state = self->view.state;
  PyObject *fd = PyLong_FromLong (event->data.fd);
  PyObject *key;
  PyObject *data;
  long mask = 0;
  int result = -1;

  if (fd == NULL)
    return -1;

  /* No key: a duplicate of a descriptor that was registered and closed is still open. */
  key = Py_XNewRef (PyDict_GetItemWithError (self->selector.fd_to_key, fd));
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
process_by_methods (AsyncioGuest *self)
{
  CoreState *state = self->view.state;
  PyObject *zero = PyLong_FromLong (0);
  PyObject *events =
    zero != NULL ? PyObject_CallMethodOneArg (self->selector.selector, state->str_select, zero) : NULL;
  PyObject *result =
    events != NULL ? PyObject_CallMethodOneArg (self->view.loop, state->str__process_events, events)
                   : NULL;

  self->had_io = self->has_events = TRUE;

  Py_XDECREF (zero);
  Py_XDECREF (events);
  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

/* Puts the handles of all descriptors that are readable or writable into the ready queue. Never
 * waits. */
int
asyncio_guest_process_events (AsyncioGuest *self)
{
  struct epoll_event events[MAX_EVENTS];
  int may;
  int n_events;

  may = selector_view_polls_epoll (&self->selector, &self->view);
  if (may <= 0)
    return may < 0 ? -1 : process_by_methods (self);

  n_events = epoll_wait (self->selector.epoll_fd, events, MAX_EVENTS, 0);
  if (n_events < 0 && errno != EINTR)
    {
      PyErr_SetFromErrno (PyExc_OSError);
      return -1;
    }

  self->has_events = n_events > 0;
  self->had_io |= self->has_events;
  for (int i = 0; i < n_events; i++)
    {
      if (process_event (self, &events[i]) < 0)
        return -1;
    }

  return 0;
}
