/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core.h"

typedef struct _Guest Guest;

/* What leave_task() has taken off; NULL for each that there was none of. */
typedef struct
{
  PyObject *task;
  PyObject *py_task; /* of pure Python, if asyncio keeps these apart */
  PyObject *current_handle; /* of the loop */
} LeftTask;

/* The state that was taken off the interrupted step. Lives on the C stack. */
typedef struct
{
  PyObject *contexts; /* list, innermost first; NULL if there were none */
  LeftTask task;
  PyObject *error; /* was pending when the tick began: the host's */
  _PyErr_StackItem *handled; /* the link of the exception that the step handles */
  _PyErr_StackItem none_handled; /* is in its place meanwhile */
} Suspension;

int suspension_interrupts_step (Guest *guest);
int suspension_begin (Suspension *suspension, Guest *guest);
int suspension_begin_host (Suspension *suspension, Guest *guest, _PyErr_StackItem *handled);
void suspension_end (Suspension *suspension, Guest *guest);
