/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "pipe.h"

/*
 * The pipe (in fact a pair of sockets) by which other threads and signals wake a loop.
 */

/* Does what _write_to_self() does. The pipe may be closed, and it may be full. */
int
pipe_write (CoreState *state, PyObject *loop)
{
  PyObject *csock = PyObject_GetAttr (loop, state->str__csock);
  PyObject *result;

  if (csock == NULL)
    return -1;

  result = csock != Py_None ? PyObject_CallMethodOneArg (csock, state->str_send, state->null_byte)
                            : Py_NewRef (Py_None);
  if (result == NULL && PyErr_ExceptionMatches (PyExc_OSError))
    {
      PyErr_Clear ();
      result = Py_NewRef (Py_None);
    }

  Py_DECREF (csock);
  Py_XDECREF (result);
  return result != NULL ? 0 : -1;
}

/* Reads once, and has the data processed. Returns their size, or -1 with an exception. */
static Py_ssize_t
read_some (CoreState *state, PyObject *loop)
{
  PyObject *ssock = PyObject_GetAttr (loop, state->str__ssock);
  PyObject *data =
    ssock != NULL ? PyObject_CallMethodOneArg (ssock, state->str_recv, state->pipe_read_size) : NULL;
  Py_ssize_t size = data != NULL ? PyObject_Size (data) : -1;
  PyObject *result =
    size > 0 ? PyObject_CallMethodOneArg (loop, state->str__process_self_data, data) : NULL;

  if (size > 0 && result == NULL)
    size = -1;

  Py_XDECREF (ssock);
  Py_XDECREF (data);
  Py_XDECREF (result);
  return size;
}

/* Does what _read_from_self() does, with one call of recv() less. After a short read the pipe is
 * empty, and the selector reports data that come later. asyncio would go on reading until recv()
 * would block. */
int
pipe_read (CoreState *state, PyObject *loop)
{
  Py_ssize_t size = PIPE_READ_SIZE;

  while (size == PIPE_READ_SIZE)
    size = read_some (state, loop);

  return size >= 0 ? 0 : -1;
}
