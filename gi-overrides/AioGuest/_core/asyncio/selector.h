/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "loop_view.h"

/* The selector that a loop has, and what is known of it. */
typedef struct
{
  PyObject *selector;
  PyObject *dict;
  PyObject *fd_to_key;
  guint64 version;    /* of its dict, when it was looked at last */
  guint type_version; /* likewise */
  guint serial;       /* of the selector, among those that the loop has had */
  gboolean is_epoll;
  int epoll_fd;
  gboolean has_own_fd;
} SelectorView;

void selector_view_init (SelectorView *self);
int selector_view_traverse (SelectorView *self, visitproc visit, void *arg);
void selector_view_clear (SelectorView *self);

int selector_view_fetch (SelectorView *self, LoopView *loop);
int selector_view_polls_epoll (SelectorView *self, LoopView *loop);

int core_get_fd (PyObject *number);
