/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "pump.h"

#include <glib-unix.h>
#include <unistd.h>

void
set_up (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->context = g_main_context_new_with_flags (G_MAIN_CONTEXT_FLAGS_OWNERLESS_POLLING);
  fixture->pump = aio_guest_pump_new (fixture->context, &error);
  g_assert_no_error (error);
}

void
tear_down (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  if (fixture->pump != NULL)
    g_assert_finalize_object (fixture->pump);
  g_main_context_unref (fixture->context);
}

void
settle (AioGuestPump *pump)
{
  do
    while (aio_guest_pump_dispatch (pump) == AIO_GUEST_PUMP_RESULT_AGAIN)
      ;
  while (is_readable (aio_guest_pump_get_fd (pump)));
}

void
attach (GSource *source, GMainContext *context, GSourceFunc function, gpointer data)
{
  g_source_set_callback (source, function, data, NULL);
  g_source_attach (source, context);
  g_source_unref (source);
}

gboolean
set_true (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

gboolean
set_true_of_fd (G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition, gpointer flag)
{
  return set_true (flag);
}

gboolean
drop_pump (gpointer fixture)
{
  g_clear_object (&((Fixture *) fixture)->pump);
  return G_SOURCE_REMOVE;
}

void
close_pipe (const int fds[2])
{
  close (fds[0]);
  close (fds[1]);
}

void
put (int fd)
{
  g_assert_cmpint (write (fd, "x", 1), ==, 1);
}

void
take (int fd)
{
  char byte;

  g_assert_cmpint (read (fd, &byte, 1), ==, 1);
}

#define STORM_THREADS 4
#define STORM_EVENTS 2000

typedef struct
{
  GMainContext *context;
  int fds[2];
  guint events;
  gboolean done;
} Storm;

static gpointer
storm_thread (gpointer data)
{
  const Storm *storm = data;

  for (guint i = 0; i < STORM_EVENTS; i++)
    {
      put (storm->fds[1]);
      g_main_context_wakeup (storm->context);
    }

  return NULL;
}

static gboolean
take_event (int fd, G_GNUC_UNUSED GIOCondition condition, gpointer data)
{
  Storm *storm = data;

  take (fd);
  storm->done = ++storm->events == STORM_THREADS * STORM_EVENTS;

  return storm->done ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

void
run_storm (Fixture *fixture, void (*host) (Fixture *fixture, const gboolean *done))
{
  GThread *threads[STORM_THREADS];
  Storm storm = { .context = fixture->context };

  open_pipe (storm.fds);
  attach (g_unix_fd_source_new (storm.fds[0], G_IO_IN), storm.context, G_SOURCE_FUNC (take_event), &storm);

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("storm", storm_thread, &storm);

  host (fixture, &storm.done);

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  close_pipe (storm.fds);
}
