/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "state.h"
#include "watch.h"

/* What is known of a loop, for as long as none of what it is known from has changed. */
typedef struct
{
  guint type_version;
  guint timer_handle_version; /* of these two, and so of Handle, which they are or inherit */
  guint thread_safe_handle_version;
  guint64 dict_version;
  CoreDoes type_does; /* as far as the types go */
  CoreDoes does;

  /* Borrowed from the loop's dict, NULL if it has none. */
  PyObject *ready;
  PyObject *scheduled;
  PyObject *selector;
  PyObject *stopping;
} LoopCheck;

int core_check_anew (CoreState *state, LoopCheck *check, PyObject *loop, PyObject *dict);

Py_ssize_t core_cancelled_count (CoreState *state, PyObject *dict);
int core_set_cancelled_count (CoreState *state, LoopCheck *check, PyObject *dict, Py_ssize_t count);

/* 0 if the type has none now. Any look-up gives it a new one, until there are no more. */
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

/* Brings @check up to date, or fails with an exception. @dict is the loop's, and watched. It is to
 * be called anew after each call into Python: any may have replaced the loop's attributes. */
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
