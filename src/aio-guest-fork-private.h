/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Counts the forks between the first call of aio_guest_fork_watch() and this process. Whatever
 * remembers the number it was made at knows that it lives on as a copy in a child, where its threads
 * don't exist and its epoll set is shared with the parent.
 */
extern guint aio_guest_fork_count;

guint aio_guest_fork_watch (void);

/* For those who remember a number: it is looked at in each turn of the main loop. */
static inline guint
aio_guest_fork_generation (void)
{
  return aio_guest_fork_count;
}

G_END_DECLS
