/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core.h"

typedef struct _Guest Guest;

/* What a kind of guest takes off; NULL for what there is none of. */
typedef struct
{
  PyObject *task;
  PyObject *py_task;
  PyObject *current_handle;
} LeftTask;

/* What is taken off the step that is interrupted. Lives on the C stack. */
typedef struct
{
  PyObject *contexts; /* list, innermost first; NULL if there were none */
  LeftTask task;
  PyObject *error;
  _PyErr_StackItem *handled;
  _PyErr_StackItem none_handled;
} Suspension;

int suspension_interrupts_step (Guest *guest);
int suspension_begin (Suspension *suspension, Guest *guest);
int suspension_begin_host (Suspension *suspension, Guest *guest, _PyErr_StackItem *handled);
void suspension_end (Suspension *suspension, Guest *guest);
