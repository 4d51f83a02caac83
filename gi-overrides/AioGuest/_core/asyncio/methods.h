/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "../core.h"

typedef struct _CoreState CoreState;

/* What can be done in C for a loop, if all the methods that this concerns are asyncio's own. */
typedef enum
{
  DOES_TICK = 1 << 0,
  DOES_CALL_SOON = 1 << 1,
  DOES_CALL_AT = 1 << 2,
  DOES_CALL_LATER = 1 << 3,
  DOES_TIME = 1 << 4,
  DOES_GET_DEBUG = 1 << 5,
  DOES_TIMER_HANDLE_CANCELLED = 1 << 6,
  DOES_CALL_SOON_THREADSAFE = 1 << 7,
  DOES_READ_FROM_SELF = 1 << 8,

  /* Not if the loop is closed. */
  DOES_WHILE_OPEN =
    DOES_CALL_SOON | DOES_CALL_SOON_THREADSAFE | DOES_CALL_AT | DOES_CALL_LATER,
  /* Not if the loop is in debug mode. */
  DOES_WITHOUT_DEBUG = DOES_TICK | DOES_WHILE_OPEN,
  DOES_ALL = (1 << 9) - 1
} CoreDoes;

typedef enum
{
  METHOD_OF_BASE_LOOP,
  METHOD_OF_SELECTOR_LOOP,
  METHOD_OF_HANDLE,
  METHOD_OF_TIMER_HANDLE,
  METHOD_OF_THREAD_SAFE_HANDLE,
  N_METHOD_OWNERS
} MethodOwner;

/* A method of asyncio that is done in C, or called by one that is. */
typedef struct
{
  MethodOwner owner;
  CoreDoes does; /* what can't be done in C if the method is overridden */
  PyObject *name;
  const char *const *names; /* the names that its code uses */
  PyObject *function;       /* NULL if there is none */
} VerifiedMethod;

#define N_VERIFIED_METHODS 21

/* Fills in @methods of the state, except their functions. */
void core_init_methods (CoreState *state);
