/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The threads of pollers, observed: whether each of them is parked, or in a poll() that finds
 * nothing. Then nothing comes of waiting longer, and whether something was lost can be judged.
 */

/* What stands for GLib's functions in the library. */
GThread *
poll_threads_try_new (const char *name, GThreadFunc func, gpointer data, GError **error);
gpointer poll_threads_join (GThread *thread);
void poll_threads_cond_wait (GCond *cond, GMutex *mutex);
void poll_threads_cond_signal (GCond *cond);
int poll_threads_poll (GPollFD *fds, guint n_fds, int timeout);

void poll_threads_settle (void);
guint poll_threads_count (void);

G_END_DECLS
