/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "state.h"

#define PIPE_READ_SIZE 4096

int pipe_write (CoreState *state, PyObject *loop);
int pipe_read (CoreState *state, PyObject *loop);
