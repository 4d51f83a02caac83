/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "virtual-clock.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* What a timer can be set to at most, see aio-guest-timer.c. */
#define NEVER ((gint64) G_MAXINT32 * G_USEC_PER_SEC)

/* By descriptor. */
#define MAX_FD 1024

static int running; /* atomic */
static gint64 now;
static gint64 due[MAX_FD];
static gboolean is_timer[MAX_FD];

int clock_gettime (clockid_t id, struct timespec *time);

/* Stands before the C library's for every library of the process. */
int
clock_gettime (clockid_t id, struct timespec *time)
{
  if (id != CLOCK_MONOTONIC || !g_atomic_int_get (&running))
    return (int) syscall (SYS_clock_gettime, id, time);

  time->tv_sec = now / G_USEC_PER_SEC;
  time->tv_nsec = now % G_USEC_PER_SEC * 1000;
  return 0;
}

gboolean
virtual_clock_start (void)
{
  now = VIRTUAL_CLOCK_START;
  g_atomic_int_set (&running, TRUE);

  return g_get_monotonic_time () == VIRTUAL_CLOCK_START;
}

void
virtual_clock_stop (void)
{
  g_atomic_int_set (&running, FALSE);
}

gint64
virtual_clock_now (void)
{
  return now;
}

void
virtual_clock_advance (gint64 microseconds)
{
  g_assert (microseconds >= 0);
  now += microseconds;
}

int
virtual_timer_create (int clock, int flags)
{
  /* A descriptor that is never ready; host_poll() says when the timer is due. */
  int fd = eventfd (0, EFD_CLOEXEC);

  g_assert (clock == CLOCK_MONOTONIC);
  g_assert (flags == (TFD_NONBLOCK | TFD_CLOEXEC));
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fd, <, MAX_FD);

  is_timer[fd] = TRUE;
  due[fd] = G_MAXINT64;
  return fd;
}

int
virtual_timer_set (int fd,
                   int flags,
                   const struct itimerspec *new_value,
                   G_GNUC_UNUSED struct itimerspec *old_value)
{
  gint64 time = (gint64) new_value->it_value.tv_sec * G_USEC_PER_SEC +
                (new_value->it_value.tv_nsec + 999) / 1000;

  g_assert (flags == TFD_TIMER_ABSTIME);
  g_assert (fd >= 0 && fd < MAX_FD && is_timer[fd]);

  due[fd] = time == 0 || time >= NEVER ? G_MAXINT64 : time;
  return 0;
}

int
virtual_timer_close (int fd)
{
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fd, <, MAX_FD);

  is_timer[fd] = FALSE;
  return close (fd);
}

gboolean
virtual_timer_lookup (int fd, gint64 *time)
{
  if (fd < 0 || fd >= MAX_FD || !is_timer[fd])
    return FALSE;

  *time = due[fd];
  return TRUE;
}
