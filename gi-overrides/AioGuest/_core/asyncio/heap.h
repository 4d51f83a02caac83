/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "state.h"

int heap_push (CoreState *state, PyObject *heap, PyObject *timer);
PyObject *heap_pop (CoreState *state, PyObject *heap);
int heap_heapify (CoreState *state, PyObject *heap);
