/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a program needs to know of the library: its header's name, and what pkg-config says. */

#include <aio-guest.h>

static AioGuestTick
tick (G_GNUC_UNUSED AioGuestRun *run,
      G_GNUC_UNUSED gint64 slice_end,
      gint64 *next_ready_time,
      gpointer user_data,
      G_GNUC_UNUSED GError **error)
{
  int *left = user_data;

  *next_ready_time = g_get_monotonic_time () + 1000;
  return --*left > 0 ? AIO_GUEST_TICK_WAIT : AIO_GUEST_TICK_FINISHED;
}

static void
quit (G_GNUC_UNUSED AioGuestRun *run, G_GNUC_UNUSED GError *error, gpointer user_data)
{
  g_main_loop_quit (user_data);
}

int
main (void)
{
  int left = 5;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (AioGuestPoller) poller =
    aio_guest_poller_new (-1, AIO_GUEST_POLL_MODE_AUTO, &error);
  g_autoptr (AioGuestRun) run = aio_guest_start (poller, tick, &left, NULL, &error);

  g_assert_no_error (error);
  g_signal_connect (run, "finished", G_CALLBACK (quit), loop);
  g_main_loop_run (loop);

  g_print ("%s: %" G_GUINT64_FORMAT " ticks\n", AIO_GUEST_VERSION_S,
           aio_guest_run_get_ticks (run));
  return 0;
}
