/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "descriptors.h"

/*
 * Some selectors (select, poll) have no descriptor of their own, so the poller watches each of
 * their descriptors. If code of the host registers one between two ticks, that must be noticed,
 * without the GIL. All of these selectors keep a dict from descriptor to key, whose version is
 * compared.
 */

/* Without the GIL: the dict is held by a strong reference and only its version is read. */
gboolean
descriptors_have_changed (const Descriptors *self, const SelectorView *selector)
{
  return !selector->has_own_fd && selector->fd_to_key != NULL &&
         core_map_version (selector->fd_to_key) != self->map_version;
}

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

      if (PyErr_Occurred () || (number = core_get_fd (fd)) == -2 ||
          (number >= 0 && add_wanted (wanted, number, condition) < 0))
        return -1;
    }

  return 0;
}

static void
apply_wanted (Descriptors *self, AioGuestPoller *poller, PyObject *wanted)
{
  PyObject *fd, *condition;
  Py_ssize_t position = 0;

  while (PyDict_Next (self->watched, &position, &fd, &condition))
    {
      if (!PyDict_Contains (wanted, fd))
        aio_guest_poller_unwatch (poller, (int) PyLong_AsLong (fd));
    }

  /* A descriptor that was closed without being removed can't be watched. The error is ignored:
   * there is nothing to wait for, and the selector handles that descriptor in the next tick. */
  position = 0;
  while (PyDict_Next (wanted, &position, &fd, &condition))
    aio_guest_poller_watch (poller, (int) PyLong_AsLong (fd),
                            (GIOCondition) PyLong_AsLong (condition), NULL);

  Py_XSETREF (self->watched, Py_NewRef (wanted));
}

/* Makes the poller watch what the selector does. */
int
descriptors_sync (Descriptors *self,
                  CoreState *state,
                  const SelectorView *selector,
                  AioGuestPoller *poller)
{
  const guint64 map_version = selector->has_own_fd ? 0 : core_map_version (selector->fd_to_key);
  PyObject *wanted;
  PyObject *keys;
  int result;

  if (self->selector_serial == selector->serial && !descriptors_have_changed (self, selector))
    return 0;

  wanted = PyDict_New ();
  if (wanted == NULL)
    return -1;

  if (selector->has_own_fd)
    {
      result = add_wanted (wanted, selector->epoll_fd, G_IO_IN);
    }
  else
    {
      /* A copy: a key of another type may run Python code when its field is read. */
      keys = PyDict_Copy (selector->fd_to_key);
      result = keys != NULL ? add_wanted_keys (state, wanted, keys) : -1;
      Py_XDECREF (keys);
    }

  if (result == 0)
    {
      apply_wanted (self, poller, wanted);
      self->map_version = map_version;
      self->selector_serial = selector->serial;
    }

  Py_DECREF (wanted);
  return result;
}
