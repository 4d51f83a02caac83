/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "state.h"
#include "watch.h"

/* What is known about a loop, for as long as none of the version numbers changes. */
typedef struct
{
  guint type_version;
  /* These two change with Handle, too: each of the types is Handle or a subclass of it. */
  guint timer_handle_version;
  guint thread_safe_handle_version;
  guint64 dict_version;
  CoreDoes type_does; /* what can be done in C if only the types are looked at */
  CoreDoes does;      /* what can be done in C if the loop's dict is looked at, too */

  /* Borrowed from the loop's dict, NULL if it has none. */
  PyObject *ready;
  PyObject *scheduled;
  PyObject *selector;
  PyObject *stopping;
} LoopCheck;

int core_check_anew (CoreState *state, LoopCheck *check, PyObject *loop, PyObject *dict);

Py_ssize_t core_cancelled_count (CoreState *state, PyObject *dict);
int core_set_cancelled_count (CoreState *state, LoopCheck *check, PyObject *dict, Py_ssize_t count);

/* The version tag of a type; 0 if it has none now. The next look-up of an attribute gives it a
 * new one, as long as the interpreter has any left. */
static inline guint
core_type_version (PyObject *object)
{
  PyTypeObject *type = (PyTypeObject *) object;

#if PY_VERSION_HEX < 0x030c0000
  if (!PyType_HasFeature (type, Py_TPFLAGS_VALID_VERSION_TAG))
    return 0;
#endif

  return type->tp_version_tag;
}

/* Brings @check up to date, or fails with an exception. @dict is the loop's dict, which is
 * watched. This must be called again after each call into Python, which may replace the loop's
 * attributes. */
static inline int
core_check_loop (CoreState *state, LoopCheck *check, PyObject *loop, PyObject *dict)
{
  if (G_LIKELY (check->dict_version == core_loop_version (dict) && check->type_version != 0 &&
                check->type_version == core_type_version ((PyObject *) Py_TYPE (loop)) &&
                check->timer_handle_version == core_type_version (state->timer_handle_type) &&
                check->thread_safe_handle_version ==
                  core_type_version (state->thread_safe_handle_type)))
    return 0;

  return core_check_anew (state, check, loop, dict);
}
