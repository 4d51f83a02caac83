/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-timer-private.h"

#ifdef HAVE_TIMERFD

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/*
 * Advantages of a timerfd over the ready time of a GSource:
 *
 * - It has microseconds on every GLib; up to 2.80 the main context waits for whole milliseconds.
 * - The kernel adds no timer slack to it, as it does to the timeout of poll().
 * - To set it costs one system call. To change a ready time from inside a dispatch that may recurse
 *   costs three: GLib writes to its wakeup descriptor, polls once more and reads it.
 *
 * It is never read. Once it is readable, it stays so until it is set anew.
 */

struct _AioGuestTimer
{
  int fd;
  gint64 ready_time; /* the time that it is set to; -1 for never */
};

/* Returns NULL if no timerfd can be created. */
AioGuestTimer *
aio_guest_timer_new (void)
{
  int fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

  if (fd < 0)
    return NULL;

  AioGuestTimer *self = g_new (AioGuestTimer, 1);

  self->fd = fd;
  self->ready_time = -1;

  return self;
}

void
aio_guest_timer_free (AioGuestTimer *self)
{
  close (self->fd);
  g_free (self);
}

/* The descriptor to poll for reading; it stays owned by @self. */
int
aio_guest_timer_get_fd (AioGuestTimer *self)
{
  return self->fd;
}

/* Makes the descriptor readable from @ready_time on, by g_get_monotonic_time(); -1 for never. It
 * stays readable until another time is set. Returns FALSE if the descriptor is no timerfd any more:
 * somebody has closed it. */
gboolean
aio_guest_timer_set (AioGuestTimer *self, gint64 ready_time)
{
  struct itimerspec spec = { 0 };
  int result;

  if (ready_time == self->ready_time)
    return TRUE;

  /* A value of zero would mean never. One of more than 68 years might not fit. */
  if (ready_time >= 0)
    {
      spec.it_value.tv_sec = MIN (ready_time / G_USEC_PER_SEC, G_MAXINT32);
      spec.it_value.tv_nsec = MAX (ready_time % G_USEC_PER_SEC * 1000, ready_time == 0 ? 1 : 0);
    }

  result = timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &spec, NULL);
  self->ready_time = ready_time;

  return result == 0;
}

/* Frees a timer without closing its descriptor, which is not ours any more. */
void
aio_guest_timer_abandon (AioGuestTimer *self)
{
  g_free (self);
}

#else

AioGuestTimer *
aio_guest_timer_new (void)
{
  return NULL;
}

void
aio_guest_timer_free (G_GNUC_UNUSED AioGuestTimer *self)
{
  g_assert_not_reached ();
}

int
aio_guest_timer_get_fd (G_GNUC_UNUSED AioGuestTimer *self)
{
  g_assert_not_reached ();
}

void
aio_guest_timer_abandon (G_GNUC_UNUSED AioGuestTimer *self)
{
  g_assert_not_reached ();
}

gboolean
aio_guest_timer_set (G_GNUC_UNUSED AioGuestTimer *self, G_GNUC_UNUSED gint64 ready_time)
{
  g_assert_not_reached ();
}

#endif
