/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "selector.h"

/* The selector that the loop has now, and what is known of it. */

void
selector_view_init (SelectorView *self)
{
  self->epoll_fd = -1;
}

int
selector_view_traverse (SelectorView *self, visitproc visit, void *arg)
{
  Py_VISIT (self->selector);
  Py_VISIT (self->dict);
  Py_VISIT (self->fd_to_key);
  return 0;
}

void
selector_view_clear (SelectorView *self)
{
  Py_CLEAR (self->fd_to_key);
  Py_CLEAR (self->dict);
  Py_CLEAR (self->selector);
  self->version = G_MAXUINT64;
  self->type_version = 0;
  self->is_epoll = FALSE;
  self->has_own_fd = FALSE;
  self->epoll_fd = -1;
}

/* Returns the number of a descriptor, -1 if it is negative, -2 with an exception. */
int
core_get_fd (PyObject *number)
{
  long fd = PyLong_AsLong (number);

  if (fd > G_MAXINT)
    PyErr_Format (PyExc_OverflowError, "%R is too large for a file descriptor", number);

  return PyErr_Occurred () ? -2 : (int) MAX (fd, -1);
}

/* Returns the selector's own descriptor, -1 if it has none, -2 with an exception. */
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
    fd = core_get_fd (value);
  Py_DECREF (value);
  return fd;
}

/* Finds out which kind of selector @self->selector is. @fd is its own descriptor, or -1. */
static int
look_at_selector (SelectorView *self, CoreState *state, int fd)
{
  self->dict = PyObject_GenericGetDict (self->selector, NULL);
  if (self->dict == NULL && PyErr_ExceptionMatches (PyExc_AttributeError))
    PyErr_Clear ();
  else if (self->dict != NULL)
    self->fd_to_key =
      Py_XNewRef (PyDict_GetItemWithError (self->dict, state->str__fd_to_key));

  if (PyErr_Occurred () ||
      (self->dict != NULL && core_watch (state, self->dict) < 0))
    return -1;

  if (self->fd_to_key != NULL && !PyDict_CheckExact (self->fd_to_key))
    Py_CLEAR (self->fd_to_key);

  self->has_own_fd = fd >= 0;
  self->epoll_fd = fd;
  self->is_epoll = fd >= 0 && self->fd_to_key != NULL && state->verified &&
                   (PyObject *) Py_TYPE (self->selector) == state->epoll_selector_type;
  self->serial++;

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

  if (!core_can_watch (state))
    {
      PyErr_Format (PyExc_TypeError,
                    "the event loop's selector %R can't be watched: it has no descriptor of its own, "
                    "and other modules have taken all of Python's dict watchers; give the loop a "
                    "selectors.EpollSelector()",
                    self->selector);
      return -1;
    }

  return core_watch (state, self->fd_to_key);
}

/* Makes @self know the selector that the loop has now. After an exception it knows none, and the
 * next call looks again. */
int
selector_view_fetch (SelectorView *self, LoopView *loop)
{
  PyObject *selector = loop_view_check (loop) == 0 ? loop->check->selector : NULL;
  int fd;

  if (selector == self->selector && selector != NULL)
    return 0;

  if (selector == NULL || selector == Py_None)
    {
      if (!PyErr_Occurred ())
        PyErr_SetString (PyExc_RuntimeError, "the event loop has no selector; it may be closed");
      return -1;
    }

  Py_INCREF (selector);
  fd = selector_fileno (loop->state, selector);
  if (fd == -2)
    {
      Py_DECREF (selector);
      return -1;
    }

  selector_view_clear (self);
  self->selector = selector;
  if (look_at_selector (self, loop->state, fd) == 0)
    return 0;

  selector_view_clear (self);
  return -1;
}

/* Whether the selector's select() is different from the one that was verified: 1, 0, or -1 with an
 * exception. @dict is the selector's. It is examined before the type: the look-up in the type may
 * run any code, if somebody has put a descriptor there. It also gives the type a version. */
static int
select_is_overridden (CoreState *state, PyObject *dict)
{
  int overridden = PyDict_Contains (dict, state->str_select);
  PyObject *select;

  if (overridden != 0)
    return overridden;

  select = PyObject_GetAttr (state->epoll_selector_type, state->str_select);
  Py_XDECREF (select);
  return select == NULL ? -1 : select != state->epoll_select;
}

/* Whether events can be taken from epoll itself: 1, 0, or -1 with an exception. */
static int
may_epoll (SelectorView *self, CoreState *state)
{
  PyObject *dict;
  guint64 version;
  int overridden;

  if (!self->is_epoll)
    return 0;

  version = core_loop_version (self->dict);
  if (self->version == version && self->type_version != 0 &&
      self->type_version == core_type_version (state->epoll_selector_type))
    return 1;

  dict = Py_NewRef (self->dict);
  overridden = select_is_overridden (state, dict);
  if (overridden == 0 && dict == self->dict)
    {
      self->version = version;
      self->type_version = core_type_version (state->epoll_selector_type);
    }

  Py_DECREF (dict);
  return overridden < 0 ? -1 : !overridden;
}

/* Whether the selector, as it is now, is just an epoll object, so that its descriptor reports all
 * events: 1, 0, or -1 with an exception. */
int
selector_view_polls_epoll (SelectorView *self, LoopView *loop)
{
  return selector_view_fetch (self, loop) < 0 ? -1 : may_epoll (self, loop->state);
}
