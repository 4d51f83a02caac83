/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core.h"

/* Called for each Python frame that C code enters while a step is watched; it returns what one of
 * the two functions below returns. */
typedef PyObject *(*FramesWatcher) (PyThreadState *thread, struct _PyInterpreterFrame *frame);

PyObject *frames_evaluate (PyThreadState *thread, struct _PyInterpreterFrame *frame);
PyObject *frames_evaluate_unwatched (PyThreadState *thread, struct _PyInterpreterFrame *frame);

void frames_set_watcher (FramesWatcher function);
void frames_watch (void);
void frames_unwatch (void);
