/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "cancellation.h"
#include "state.h"

/*
 * A task that is cancelled in its own step notes in a flag that its next await must raise
 * CancelledError. From Python 3.13 on uncancel() clears the flag. Before, nothing does. Python code
 * can read the flag of asyncio's task in C, but not change it.
 *
 * The place of the flag is found by trial. A sample is cancelled and uncancelled. After that it
 * differs from before in only one bit, and in a message that it did not have. Then the bit is
 * flipped, which shows whether it is the flag.
 */

static int
call (PyObject *task, const char *method)
{
  PyObject *result = PyObject_CallMethod (task, method, NULL);

  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

/* Whether the word at @before is NULL, and the word at @after the default message of cancel(). */
static gboolean
is_message (const guint8 *before, const guint8 *after)
{
  PyObject *old, *new;

  memcpy (&old, before, sizeof old);
  memcpy (&new, after, sizeof new);
  return old == NULL && new == Py_None;
}

/* Finds the only bit that differs; FALSE if there is none, or more than one. */
static gboolean
find_bit (const guint8 *before, const guint8 *after, Py_ssize_t size, TaskBit *bit)
{
  guint n = 0;

  for (Py_ssize_t i = sizeof (PyObject); i < size; i++)
    {
      if (i % sizeof (PyObject *) == 0 && i + (Py_ssize_t) sizeof (PyObject *) <= size &&
          is_message (before + i, after + i))
        {
          i += sizeof (PyObject *) - 1;
          continue;
        }

      if (before[i] == after[i])
        continue;

      *bit = (TaskBit){ .offset = i, .mask = before[i] ^ after[i] };
      n++;
    }

  return n == 1 && (bit->mask & (bit->mask - 1)) == 0;
}

static void
flip (PyObject *task, const TaskBit *bit)
{
  ((guint8 *) task)[bit->offset] ^= bit->mask;
}

/* Whether the flag is set: 1, 0, or -1 with an exception. */
static int
must_cancel (PyObject *task)
{
  PyObject *value = PyObject_GetAttrString (task, "_must_cancel");
  int result = value != NULL ? PyObject_IsTrue (value) : -1;

  Py_XDECREF (value);
  return result;
}

/* 1 if the bit was found, 0 if not, -1 with an exception. */
static int
learn (PyObject *sample, TaskBit *bit)
{
  const Py_ssize_t size = Py_TYPE (sample)->tp_basicsize;
  g_autofree guint8 *before = g_memdup2 (sample, size);
  int set;

  if (call (sample, "cancel") < 0 || call (sample, "uncancel") < 0)
    return -1;

  if (!find_bit (before, (guint8 *) sample, size, bit))
    return 0;

  set = must_cancel (sample);
  if (set != 1)
    return set;

  flip (sample, bit);
  set = must_cancel (sample);
  return set < 0 ? -1 : !set;
}

/* @sample is a task of asyncio's type in C that has not begun. */
PyObject *
core_learn_must_cancel (PyObject *module, PyObject *sample)
{
  CoreState *state = PyModule_GetState (module);
  TaskBit bit;
  const int found = learn (sample, &bit);

  if (found < 0)
    return NULL;

  if (found)
    {
      state->must_cancel = bit;
      Py_XSETREF (state->must_cancel_type, Py_NewRef (Py_TYPE (sample)));
    }

  return PyBool_FromLong (found);
}

/* Clears the flag of a task in C, and returns whether it was set. */
PyObject *
core_clear_must_cancel (PyObject *module, PyObject *task)
{
  CoreState *state = PyModule_GetState (module);
  int set;

  if (state->must_cancel_type == NULL ||
      !PyObject_TypeCheck (task, (PyTypeObject *) state->must_cancel_type))
    Py_RETURN_FALSE;

  set = must_cancel (task);
  if (set < 0)
    return NULL;

  if (set)
    flip (task, &state->must_cancel);

  return PyBool_FromLong (set);
}
