/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "helper-thread.h"
#include "model.h"
#include "poll-threads.h"
#include "trace.h"
#include "virtual-clock.h"

/* A host's poll(), which also sees whether the host may sleep. */

/* The host is about to sleep until @end: then none of its guests may have anything to do, and
 * none may be due before. */
static void
check_rest (const Host *self, gint64 end)
{
  for (guint i = 0; i < MAX_GUESTS; i++)
    {
      ModelGuest *guest = world.guests[i];

      if (guest == NULL || guest->host != self || !model_guest_may_enter (guest))
        continue;

      if (model_guest_has_reason (guest))
        model_guest_describe (guest);
      g_assert (!model_guest_has_reason (guest));
      g_assert (g_atomic_int_get (&guest->posted) == guest->seen);
      g_assert (guest->threaded || !guest->closed);
      g_assert (guest->deadline < 0 || guest->deadline >= end);

      /* The idle source of one that has lets no host sleep. */
      guest->share.may_have_yielded = guest->share.must_have_yielded = FALSE;
    }
}

/* A guest that can't be ticked now, whatever its descriptor says, must not be asked for: it would
 * keep the host from sleeping. The descriptor of a thread is not known here. */
static void
check_polled (const Host *self, const GPollFD *fds, guint n_fds)
{
  for (guint i = 0; i < MAX_GUESTS; i++)
    {
      ModelGuest *guest = world.guests[i];

      if (guest == NULL || guest->host != self || guest->threaded)
        continue;

      const int fd = guest->backend_fd >= 0 ? guest->backend_fd : guest->event_fd;
      const gboolean has_yielded = guest->share.must_have_yielded && !guest->share.uncertain;

      for (guint j = 0; j < n_fds; j++)
        {
          if (fds[j].fd == fd && fds[j].events != 0)
            g_assert (model_guest_may_enter (guest) && !has_yielded);
        }
    }
}

/* The descriptors by the system, the timers by the virtual clock. */
static int
poll_now (GPollFD *fds, guint n_fds, gint64 *next_due)
{
  const gint64 now = virtual_clock_now ();
  int n_ready;
  gint64 due;

  g_poll (fds, n_fds, 0);
  n_ready = 0;
  *next_due = G_MAXINT64;

  for (guint i = 0; i < n_fds; i++)
    {
      if (virtual_timer_lookup (fds[i].fd, &due) && (fds[i].events & G_IO_IN) != 0)
        {
          fds[i].revents = due <= now ? G_IO_IN : 0;
          *next_due = MIN (*next_due, due);
        }

      n_ready += fds[i].revents != 0;
    }

  return n_ready;
}

/* The other thread wakes a guest, or gives it I/O, while the host sleeps. */
static void
disturb (const Host *self)
{
  ModelGuest *guest = world.guests[input_choose (&world.input, MAX_GUESTS)];

  if (guest == NULL || guest->host != self || !model_guest_may_enter (guest))
    return;

  if (input_choose (&world.input, 2))
    model_guest_signal (guest);
  else
    model_guest_wake_elsewhere (guest, FALSE);

  poll_threads_settle ();
}

int
host_poll (GPollFD *fds, guint n_fds, int timeout)
{
  gint64 next_due;
  gint64 end;
  int n_ready;

  if (!helper_is_self ())
    helper_wait ();
  poll_threads_settle ();
  n_ready = poll_now (fds, n_fds, &next_due);

  if (helper_is_self ())
    return n_ready;

  check_polled (world.frame->host, fds, n_fds);

  for (guint i = 0; i < MAX_GUESTS; i++)
    {
      if (world.guests[i] != NULL)
        world.guests[i]->racing = FALSE;
    }

  if (n_ready > 0 || timeout == 0)
    return n_ready;

  end = timeout < 0 ? G_MAXINT64 : virtual_clock_now () + timeout * G_GINT64_CONSTANT (1000);
  end = MIN (end, next_due);
  trace ("host %u: sleeps", host_number (world.frame->host));
  check_rest (world.frame->host, end);

  if (input_choose (&world.input, 4) == 3)
    {
      disturb (world.frame->host);
      n_ready = poll_now (fds, n_fds, &next_due);
      if (n_ready > 0)
        return n_ready;
      check_rest (world.frame->host, end);
    }

  if (end == G_MAXINT64)
    {
      world.frame->host->rested_for_good = TRUE;
      return 0;
    }

  virtual_clock_advance (end - virtual_clock_now ());
  return poll_now (fds, n_fds, &next_due);
}
