/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <time.h>

G_BEGIN_DECLS

/*
 * A monotonic clock that stands still unless it is moved, for GLib and the library alike, and
 * timers that go by it. A case therefore takes the same course each time, hours of waiting cost
 * nothing, and whether something came too early is known to the microsecond.
 */

/* Whether GLib's clock is this one, which the platform's linker decides. */
gboolean virtual_clock_start (void);
void virtual_clock_stop (void);

/* Microseconds. */
#define VIRTUAL_CLOCK_START (100 * G_TIME_SPAN_SECOND)
gint64 virtual_clock_now (void);
void virtual_clock_advance (gint64 microseconds);

/* What stands for the calls of <sys/timerfd.h>, and close() for any descriptor. */
int virtual_timer_create (int clock, int flags);
int virtual_timer_set (int fd,
                       int flags,
                       const struct itimerspec *new_value,
                       struct itimerspec *old_value);
int virtual_timer_close (int fd);

/* Whether @fd is a timer; when it is due, G_MAXINT64 for never. */
gboolean virtual_timer_lookup (int fd, gint64 *time);

G_END_DECLS
