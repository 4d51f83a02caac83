/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core.h"

/* Takes the pending exception, normalised and with its traceback. */
static inline PyObject *
core_take_exception (void)
{
  PyObject *type, *value, *traceback;

  PyErr_Fetch (&type, &value, &traceback);
  PyErr_NormalizeException (&type, &value, &traceback);
  if (traceback != NULL)
    PyException_SetTraceback (value, traceback);

  Py_XDECREF (type);
  Py_XDECREF (traceback);
  return value;
}

/* Makes it pending again, and takes over the reference. */
static inline void
core_restore_exception (PyObject *exception)
{
  if (exception != NULL)
    PyErr_Restore (Py_NewRef (Py_TYPE (exception)), exception,
                   PyException_GetTraceback (exception));
}
