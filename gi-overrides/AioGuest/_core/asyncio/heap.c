/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "handle.h"
#include "heap.h"

/*
 * The heap of timers. It makes the same comparisons as the heapq module, in the same order. So
 * timers with the same time come out in the same order as in asyncio. There is only one difference:
 * two timers of asyncio's own type are compared without Python code. The comparison of others
 * (subclasses, or times that are not floats) may run any code. After it, the loop may have another
 * list, and this list another size.
 */

/* Whether the timer at @i is before the one at @j: 1, 0, or -1 with an exception. */
static int
is_before (CoreState *state, PyObject *heap, Py_ssize_t i, Py_ssize_t j)
{
  const Py_ssize_t size = PyList_GET_SIZE (heap);
  PyObject *a = PyList_GET_ITEM (heap, i);
  PyObject *b = PyList_GET_ITEM (heap, j);
  int result;

  if (G_LIKELY (state->verified &&
                (PyObject *) Py_TYPE (a) == state->timer_handle_type &&
                (PyObject *) Py_TYPE (b) == state->timer_handle_type))
    {
      PyObject *a_when = handle_slot (a, state->when_offset);
      PyObject *b_when = handle_slot (b, state->when_offset);

      if (G_LIKELY (a_when != NULL && PyFloat_CheckExact (a_when) && b_when != NULL &&
                    PyFloat_CheckExact (b_when)))
        return PyFloat_AS_DOUBLE (a_when) < PyFloat_AS_DOUBLE (b_when);
    }

  Py_INCREF (a);
  Py_INCREF (b);
  result = PyObject_RichCompareBool (a, b, Py_LT);
  Py_DECREF (a);
  Py_DECREF (b);

  if (result >= 0 && PyList_GET_SIZE (heap) != size)
    {
      PyErr_SetString (PyExc_RuntimeError, "list changed size during iteration");
      return -1;
    }

  return result;
}

static inline void
swap (PyObject *heap, Py_ssize_t i, Py_ssize_t j)
{
  PyObject *item = PyList_GET_ITEM (heap, i);

  PyList_SET_ITEM (heap, i, PyList_GET_ITEM (heap, j));
  PyList_SET_ITEM (heap, j, item);
}

/* Moves the timer at @position towards @top, to where its parent is not after it. */
static int
rise (CoreState *state, PyObject *heap, Py_ssize_t top, Py_ssize_t position)
{
  while (position > top)
    {
      const Py_ssize_t parent = (position - 1) / 2;
      int before = is_before (state, heap, position, parent);

      if (before <= 0)
        return before;

      swap (heap, position, parent);
      position = parent;
    }

  return 0;
}

/* Moves the timer at @top to its place below: down to a leaf along the earlier children, then up.
 * It came from the end of the list, so most likely it belongs near there. */
static int
sink (CoreState *state, PyObject *heap, Py_ssize_t top)
{
  const Py_ssize_t size = PyList_GET_SIZE (heap);
  Py_ssize_t position = top;

  while (position < size / 2)
    {
      Py_ssize_t child = 2 * position + 1;

      if (child + 1 < size)
        {
          int before = is_before (state, heap, child, child + 1);

          if (before < 0)
            return -1;
          if (!before)
            child++;
        }

      swap (heap, position, child);
      position = child;
    }

  return rise (state, heap, top, position);
}

int
heap_push (CoreState *state, PyObject *heap, PyObject *timer)
{
  if (PyList_Append (heap, timer) < 0)
    return -1;

  return rise (state, heap, 0, PyList_GET_SIZE (heap) - 1);
}

/* Takes out the first timer. */
PyObject *
heap_pop (CoreState *state, PyObject *heap)
{
  const Py_ssize_t last = PyList_GET_SIZE (heap) - 1;
  PyObject *first;

  if (last < 0)
    {
      PyErr_SetString (PyExc_IndexError, "index out of range");
      return NULL;
    }

  first = Py_NewRef (PyList_GET_ITEM (heap, 0));
  swap (heap, 0, last);
  if (PyList_SetSlice (heap, last, last + 1, NULL) < 0)
    {
      /* There is no memory to make the list smaller: it is put back as it was. */
      swap (heap, 0, last);
      Py_CLEAR (first);
    }
  else if (sink (state, heap, 0) < 0)
    {
      Py_CLEAR (first);
    }

  return first;
}

int
heap_heapify (CoreState *state, PyObject *heap)
{
  for (Py_ssize_t i = PyList_GET_SIZE (heap) / 2; i-- > 0;)
    {
      if (sink (state, heap, i) < 0)
        return -1;
    }

  return 0;
}
