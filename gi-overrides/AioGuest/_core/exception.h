/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core.h"

/* Takes the pending exception, with its traceback; NULL if there is none. */
static inline PyObject *
core_take_exception (void)
{
#if PY_VERSION_HEX >= 0x030c0000
  return PyErr_GetRaisedException ();
#else
  PyObject *type, *value, *traceback;

  PyErr_Fetch (&type, &value, &traceback);
  PyErr_NormalizeException (&type, &value, &traceback);
  if (traceback != NULL)
    PyException_SetTraceback (value, traceback);

  Py_XDECREF (type);
  Py_XDECREF (traceback);
  return value;
#endif
}

/* Makes @exception pending in place of any other, and takes over the reference. If it is NULL, does
 * nothing. */
static inline void
core_restore_exception (PyObject *exception)
{
  if (exception == NULL)
    return;

#if PY_VERSION_HEX >= 0x030c0000
  PyErr_SetRaisedException (exception);
#else
  PyErr_Restore (Py_NewRef (Py_TYPE (exception)), exception, PyException_GetTraceback (exception));
#endif
}
