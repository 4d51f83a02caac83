/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "ready.h"

/*
 * The queue of ready handles, which in asyncio is always a deque.
 *
 * A deque counts its changes, for its iterators: one for each handle that is put in or taken out.
 * The place of this count is found by trial: a sample is changed twice. Its size goes up and down,
 * each of its ends moves once, and only the count goes up twice.
 */

int
ready_append (CoreState *state, PyObject *ready, PyObject *handle)
{
  PyObject *result;

  if (state->deque_append != NULL && (PyObject *) Py_TYPE (ready) == state->deque_type)
    result = state->deque_append (ready, handle);
  else
    result = PyObject_CallMethodOneArg (ready, state->str_append, handle);

  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

PyObject *
ready_popleft (CoreState *state, PyObject *ready)
{
  if (state->deque_popleft != NULL && (PyObject *) Py_TYPE (ready) == state->deque_type)
    return state->deque_popleft (ready, NULL);

  return PyObject_CallMethodNoArgs (ready, state->str_popleft);
}

/* Finds the offset of the only word that is greater by 1 each time; 0 if there is none, or more
 * than one. */
static Py_ssize_t
find_count (const gsize *before, const gsize *between, const gsize *after, gsize n_words)
{
  Py_ssize_t found = 0;

  for (gsize i = sizeof (PyVarObject) / sizeof (gsize); i < n_words; i++)
    {
      if (between[i] != before[i] + 1 || after[i] != between[i] + 1)
        continue;
      if (found != 0)
        return 0;

      found = (Py_ssize_t) (i * sizeof (gsize));
    }

  return found;
}

/* Finds deque_changes_offset. Returns -1 with an exception. */
int
ready_learn_changes (CoreState *state)
{
  const gsize size = (gsize) ((PyTypeObject *) state->deque_type)->tp_basicsize;
  PyObject *sample = PyObject_CallNoArgs (state->deque_type);
  g_autofree gsize *before = g_memdup2 (sample, size);
  g_autofree gsize *between = NULL;
  PyObject *item = NULL;

  if (sample != NULL && ready_append (state, sample, Py_None) == 0)
    {
      between = g_memdup2 (sample, size);
      item = ready_popleft (state, sample);
    }

  if (item != NULL)
    state->deque_changes_offset =
      find_count (before, between, (gsize *) sample, size / sizeof (gsize));

  Py_XDECREF (sample);
  Py_XDECREF (item);
  return item != NULL ? 0 : -1;
}
