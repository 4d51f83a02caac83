/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reverse of epoll-host.c: a hand-written epoll loop hosts a GMainContext, by
 * an AioGuestPump, and Gio works inside it. Only the public headers are used.
 *
 * The host: an epoll set with a timerfd that ticks every 5 ms, and the pump's
 * descriptor. Gio: a subprocess whose output is collected, and a timeout of GLib's
 * that looks at the host's ticks.
 */

#include <aio-guest.h>
#include <gio/gio.h>

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

typedef struct
{
  int epoll_fd;
  int timer_fd;
  AioGuestPump *pump;
  guint ticks;
  guint looks;
  gboolean output_done;
} Host;

static gboolean
host_watch (Host *host, int fd)
{
  struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

  return epoll_ctl (host->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static gboolean
host_init (Host *host, GMainContext *context, GError **error)
{
  const struct itimerspec interval = {
    .it_interval.tv_nsec = 5000000,
    .it_value.tv_nsec = 5000000,
  };

  host->pump = aio_guest_pump_new (context, error);
  if (host->pump == NULL)
    return FALSE;

  host->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  host->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

  if (host->epoll_fd < 0 || host->timer_fd < 0 ||
      timerfd_settime (host->timer_fd, 0, &interval, NULL) < 0 ||
      !host_watch (host, host->timer_fd) ||
      !host_watch (host, aio_guest_pump_get_fd (host->pump)))
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "can't make the host's loop: %s", g_strerror (errno));
      return FALSE;
    }

  return TRUE;
}

static void
host_clear (Host *host)
{
  if (host->timer_fd >= 0)
    close (host->timer_fd);
  if (host->epoll_fd >= 0)
    close (host->epoll_fd);
  g_clear_object (&host->pump);
}

/* One turn of the host's own loop. */
static void
host_iterate (Host *host, gboolean *again)
{
  struct epoll_event events[8];
  gboolean dispatch = *again;
  uint64_t expirations;

  /* If the main context has more to do, the host only looks what else there is. */
  const int n = epoll_wait (host->epoll_fd, events, G_N_ELEMENTS (events), *again ? 0 : -1);

  for (int i = 0; i < n; i++)
    {
      if (events[i].data.fd != host->timer_fd)
        dispatch = TRUE;
      else if (read (host->timer_fd, &expirations, sizeof expirations) > 0)
        host->ticks += (guint) expirations;
    }

  if (dispatch)
    *again = aio_guest_pump_dispatch (host->pump) == AIO_GUEST_PUMP_RESULT_AGAIN;
}

/* What is done in the main context. */

static gboolean
on_timeout (gpointer data)
{
  Host *host = data;

  host->looks++;
  g_print ("GLib: the host has ticked %s\n", host->ticks > 0 ? "meanwhile" : "not yet");

  return host->looks < 3 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
on_output (GObject *subprocess, GAsyncResult *result, gpointer data)
{
  Host *host = data;
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;

  if (g_subprocess_communicate_utf8_finish (G_SUBPROCESS (subprocess), result, &output, NULL, &error))
    g_print ("Gio: %s", output);
  else
    g_printerr ("Gio: %s\n", error->message);

  host->output_done = TRUE;
}

static gboolean
start_gio (Host *host, GMainContext *context, GError **error)
{
  g_autoptr (GSource) timeout = g_timeout_source_new (20);
  g_autoptr (GSubprocess) subprocess = NULL;

  g_source_set_callback (timeout, on_timeout, host, NULL);
  g_source_attach (timeout, context);

  /* Its answers come in the thread-default main context of whoever asks. */
  g_main_context_push_thread_default (context);
  subprocess = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, error, "sh", "-c", "sleep 0.05; echo a subprocess", NULL);
  if (subprocess != NULL)
    g_subprocess_communicate_utf8_async (subprocess, NULL, NULL, on_output, host);
  g_main_context_pop_thread_default (context);

  return subprocess != NULL;
}

int
main (void)
{
  g_autoptr (GMainContext) context = g_main_context_new_with_flags (G_MAIN_CONTEXT_FLAGS_OWNERLESS_POLLING);
  g_autoptr (GError) error = NULL;
  Host host = { .epoll_fd = -1, .timer_fd = -1 };
  gboolean again = FALSE;

  if (!host_init (&host, context, &error) || !start_gio (&host, context, &error))
    {
      g_printerr ("hosted-gio: %s\n", error->message);
      host_clear (&host);
      return 1;
    }

  while (!host.output_done || host.looks < 3)
    host_iterate (&host, &again);

  const gboolean ticked = host.ticks > 0;

  g_print ("the host's loop has ticked beside it: %s\n", ticked ? "yes" : "no");
  host_clear (&host);

  return ticked ? 0 : 1;
}
