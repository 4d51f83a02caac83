/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hosts a hand-written event loop, made of epoll, a timerfd, a deadline of its
 * own and a socketpair, in a GMainContext.  Only the public headers are used.
 *
 * The guest: a timerfd has a number sent through the socketpair every 5 ms, or
 * later, the other end adds up what arrives; a second timer, which the guest
 * keeps in software, looks at the sum every 12 ms.  The host: a GLib timeout of
 * 10 ms.
 */

#include <aio-guest.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MESSAGES 40
#define LOOK_INTERVAL (12 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  int epoll_fd;
  int timer_fd;
  int sockets[2];
  gint64 next_look; /* monotonic time, microseconds */
  guint sent;
  guint received;
  guint sum;
  guint looks;
} Guest;

static gboolean
guest_watch (Guest *guest, int fd)
{
  struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

  return epoll_ctl (guest->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static gboolean
guest_init (Guest *guest)
{
  const struct itimerspec interval = {
    .it_interval.tv_nsec = 5000000,
    .it_value.tv_nsec = 5000000,
  };

  memset (guest, 0, sizeof *guest);
  guest->sockets[0] = guest->sockets[1] = -1;
  guest->next_look = g_get_monotonic_time () + LOOK_INTERVAL;
  guest->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  guest->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);

  return guest->timer_fd >= 0 && guest->epoll_fd >= 0 &&
         socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, guest->sockets) == 0 &&
         timerfd_settime (guest->timer_fd, 0, &interval, NULL) == 0 &&
         guest_watch (guest, guest->timer_fd) && guest_watch (guest, guest->sockets[1]);
}

static void
guest_clear (Guest *guest)
{
  int fds[] = { guest->timer_fd, guest->sockets[0], guest->sockets[1], guest->epoll_fd };

  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    if (fds[i] >= 0)
      close (fds[i]);
}

static gboolean
guest_on_timer (Guest *guest)
{
  uint64_t expirations;
  guint number;

  if (read (guest->timer_fd, &expirations, sizeof expirations) < 0)
    return errno == EAGAIN;
  if (guest->sent == MESSAGES)
    return TRUE;
  number = ++guest->sent;
  return send (guest->sockets[0], &number, sizeof number, 0) >= 0;
}

static gboolean
guest_on_message (Guest *guest)
{
  guint number;

  if (recv (guest->sockets[1], &number, sizeof number, 0) < 0)
    return errno == EAGAIN;
  guest->received++;
  guest->sum += number;
  return TRUE;
}

/* What a program of its own would have as the body of its `while` loop, but for
 * the waiting, which is the host's. */
static AioGuestTick
guest_tick (AioGuestRun *run, gint64 slice_end, gint64 *next_ready_time, gpointer user_data, GError **error)
{
  Guest *guest = user_data;
  struct epoll_event events[8];
  int n_events;

  if (g_get_monotonic_time () >= guest->next_look)
    {
      guest->looks++;
      guest->next_look += LOOK_INTERVAL;
    }

  n_events = epoll_wait (guest->epoll_fd, events, G_N_ELEMENTS (events), 0);
  for (int i = 0; i < n_events; i++)
    {
      gboolean ok = events[i].data.fd == guest->timer_fd ? guest_on_timer (guest) : guest_on_message (guest);

      if (!ok)
        {
          int saved_errno = errno;

          g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved_errno),
                       "The guest failed: %s", g_strerror (saved_errno));
          return AIO_GUEST_TICK_FAILED;
        }
    }

  if (guest->received == MESSAGES)
    return AIO_GUEST_TICK_FINISHED;

  *next_ready_time = guest->next_look;
  /* Eight events may not have been all; called again, it finds out. */
  return n_events > 0 ? AIO_GUEST_TICK_AGAIN : AIO_GUEST_TICK_WAIT;
}

static gboolean
on_host_timeout (gpointer user_data)
{
  guint *turns = user_data;

  ++*turns;
  return G_SOURCE_CONTINUE;
}

static void
on_finished (AioGuestRun *run, const GError *error, gpointer user_data)
{
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  g_main_loop_quit (user_data);
}

int
main (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (AioGuestPoller) poller = NULL;
  g_autoptr (AioGuestRun) run = NULL;
  g_autoptr (GError) error = NULL;
  guint host_turns = 0;
  guint host_source;
  Guest guest;
  gboolean ok;

  if (!guest_init (&guest))
    {
      g_printerr ("Can't set up the guest: %s\n", g_strerror (errno));
      return 1;
    }

  poller = aio_guest_poller_new (guest.epoll_fd, AIO_GUEST_POLL_MODE_AUTO, &error);
  if (poller != NULL)
    run = aio_guest_start (poller, guest_tick, &guest, NULL, &error);
  if (run == NULL)
    {
      g_printerr ("%s\n", error->message);
      guest_clear (&guest);
      return 1;
    }
  g_signal_connect (run, "finished", G_CALLBACK (on_finished), loop);

  host_source = g_timeout_add (10, on_host_timeout, &host_turns);
  g_main_loop_run (loop);
  g_source_remove (host_source);

  g_print ("guest: %u messages, sum %u, %s\n", guest.received, guest.sum,
           guest.looks > 0 ? "looked at in between" : "never looked at");
  g_print ("host: %s, %" G_GUINT64_FORMAT " ticks, %s\n", host_turns > 0 ? "had its turns" : "starved",
           aio_guest_run_get_ticks (run),
           aio_guest_run_get_poll_mode (run) == AIO_GUEST_POLL_MODE_THREAD ? "polled by a thread" : "polled directly");

  ok = guest.received == MESSAGES && guest.sum == MESSAGES * (MESSAGES + 1) / 2 && guest.looks > 0 &&
       host_turns > 0 && aio_guest_run_get_error (run) == NULL;
  guest_clear (&guest);
  return ok ? 0 : 1;
}
