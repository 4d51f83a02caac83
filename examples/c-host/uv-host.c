/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hosts libuv in a GMainContext: twenty lines of glue, in uv_tick().
 *
 * The guest: libuv's timer, its thread pool, and a TCP echo with both ends here.
 * The host: a GLib callback that starts a libuv timer between two ticks.
 */

#include <aio-guest.h>

#include <string.h>
#include <uv.h>

static AioGuestTick
uv_tick (AioGuestRun *run, gint64 slice_end, gint64 *next_ready_time, gpointer user_data, GError **error)
{
  uv_loop_t *loop = user_data;
  int timeout;

  /* Runs what is due and never waits; AioGuest sees to it that libuv, which is
   * not re-entrant, is not called while it runs. */
  uv_run (loop, UV_RUN_NOWAIT);
  if (!uv_loop_alive (loop))
    return AIO_GUEST_TICK_FINISHED;

  timeout = uv_backend_timeout (loop);
  if (timeout == 0)
    return AIO_GUEST_TICK_AGAIN;
  if (timeout > 0)
    *next_ready_time = ((gint64) uv_now (loop) + timeout) * 1000 - (gint64) (uv_hrtime () / 1000) + g_get_monotonic_time ();
  return AIO_GUEST_TICK_WAIT;
}

/* The program that the guest runs. */

typedef struct
{
  uv_tcp_t server;
  uv_tcp_t peer;
  uv_tcp_t client;
  uv_timer_t host_timer;
  uv_connect_t connect;
  uv_write_t ping;
  uv_write_t pong;
  uv_work_t work;
  char pong_data[64];
  char answer[64];
  guint64 computed;
  gboolean timer_fired;
  AioGuestRun *run;
} Program;

static void
close_stream (uv_stream_t *stream)
{
  if (!uv_is_closing ((uv_handle_t *) stream))
    uv_close ((uv_handle_t *) stream, NULL);
}

static void
on_alloc (uv_handle_t *handle, size_t suggested_size, uv_buf_t *buffer)
{
  static char data[64];

  *buffer = uv_buf_init (data, sizeof data);
}

static void
on_pong_read (uv_stream_t *stream, ssize_t n_read, const uv_buf_t *buffer)
{
  Program *program = stream->data;

  if (n_read > 0)
    memcpy (program->answer, buffer->base, n_read);
  close_stream (stream);
}

static void
on_connected (uv_connect_t *request, int status)
{
  Program *program = request->data;
  uv_buf_t ping = uv_buf_init ((char *) "ping", 4);

  if (status != 0)
    {
      close_stream (request->handle);
      return;
    }
  uv_write (&program->ping, request->handle, &ping, 1, NULL);
  uv_read_start (request->handle, on_alloc, on_pong_read);
}

static void
on_ping_read (uv_stream_t *stream, ssize_t n_read, const uv_buf_t *buffer)
{
  Program *program = stream->data;
  uv_buf_t pong = uv_buf_init (program->pong_data, (unsigned int) MAX (n_read, 0));

  if (n_read > 0)
    {
      memcpy (program->pong_data, buffer->base, n_read);
      uv_write (&program->pong, stream, &pong, 1, NULL);
      return;
    }
  close_stream (stream);
}

static void
on_connection (uv_stream_t *server, int status)
{
  Program *program = server->data;

  if (status == 0 && uv_accept (server, (uv_stream_t *) &program->peer) == 0)
    uv_read_start ((uv_stream_t *) &program->peer, on_alloc, on_ping_read);
}

static void
compute (uv_work_t *request)
{
  Program *program = request->data;

  for (guint64 i = 1; i <= 1000; i++)
    program->computed += i;
}

static void
on_host_timer (uv_timer_t *timer)
{
  Program *program = timer->data;

  program->timer_fired = TRUE;
  uv_close ((uv_handle_t *) timer, NULL);
  /* The last thing that keeps the loop alive. */
  close_stream ((uv_stream_t *) &program->server);
}

static gboolean
on_host_idle (gpointer user_data)
{
  Program *program = user_data;

  /* libuv can't tell that something was started from outside: wake it.  Its idea
   * of the time dates from the last tick, hence the update. */
  uv_update_time (program->host_timer.loop);
  uv_timer_start (&program->host_timer, on_host_timer, 30, 0);
  aio_guest_run_wake (program->run);
  return G_SOURCE_REMOVE;
}

static gboolean
program_start (Program *program, uv_loop_t *loop)
{
  struct sockaddr_in address;
  struct sockaddr_storage bound;
  int length = sizeof bound;

  uv_tcp_init (loop, &program->server);
  uv_tcp_init (loop, &program->peer);
  uv_tcp_init (loop, &program->client);
  uv_timer_init (loop, &program->host_timer);
  program->server.data = program->peer.data = program->client.data = program;
  program->host_timer.data = program->connect.data = program->work.data = program;

  return uv_ip4_addr ("127.0.0.1", 0, &address) == 0 &&
         uv_tcp_bind (&program->server, (const struct sockaddr *) &address, 0) == 0 &&
         uv_listen ((uv_stream_t *) &program->server, 1, on_connection) == 0 &&
         uv_tcp_getsockname (&program->server, (struct sockaddr *) &bound, &length) == 0 &&
         uv_tcp_connect (&program->connect, &program->client, (const struct sockaddr *) &bound, on_connected) == 0 &&
         uv_queue_work (loop, &program->work, compute, NULL) == 0;
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
  g_autoptr (GMainLoop) main_loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (AioGuestPoller) poller = NULL;
  g_autoptr (GError) error = NULL;
  static Program program;
  uv_loop_t loop;
  gboolean ok;

  if (uv_loop_init (&loop) != 0 || !program_start (&program, &loop))
    {
      g_printerr ("Can't set up libuv's side\n");
      return 1;
    }

  poller = aio_guest_poller_new (uv_backend_fd (&loop), AIO_GUEST_POLL_MODE_AUTO, &error);
  if (poller != NULL)
    program.run = aio_guest_start (poller, uv_tick, &loop, NULL, &error);
  if (program.run == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_signal_connect (program.run, "finished", G_CALLBACK (on_finished), main_loop);
  g_idle_add (on_host_idle, &program);
  g_main_loop_run (main_loop);

  g_print ("echo: %s\nthread pool: %" G_GUINT64_FORMAT "\ntimer of the host: %s\n", program.answer, program.computed,
           program.timer_fired ? "fired" : "did not fire");

  ok = aio_guest_run_get_error (program.run) == NULL && strcmp (program.answer, "ping") == 0 &&
       program.computed == 500500 && program.timer_fired;
  g_clear_object (&program.run);
  return uv_loop_close (&loop) == 0 && ok ? 0 : 1;
}
