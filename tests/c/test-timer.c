/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-timer-private.h"
#include "guest.h"

#include <fcntl.h>
#include <stdlib.h>

static AioGuestTimer *
new_timer (void)
{
  AioGuestTimer *timer = aio_guest_timer_new ();

  g_assert_nonnull (timer);
  return timer;
}

static gboolean
is_due (AioGuestTimer *timer)
{
  return is_readable (aio_guest_timer_get_fd (timer));
}

static void
await (AioGuestTimer *timer)
{
  GPollFD poll_fd = { aio_guest_timer_get_fd (timer), G_IO_IN, 0 };

  g_assert_cmpint (g_poll (&poll_fd, 1, PATIENCE * 1000), ==, 1);
}

static void
test_descriptor (void)
{
  guint before = count_descriptors ();
  AioGuestTimer *timer = new_timer ();
  int fd = aio_guest_timer_get_fd (timer);

  g_assert_cmpuint (count_descriptors (), ==, before + 1);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, !=, 0);
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_NONBLOCK, !=, 0);

  aio_guest_timer_free (timer);
  g_assert_cmpuint (count_descriptors (), ==, before);
}

static void
test_never_early (void)
{
  static const gint64 delays[] = { 1, 10, 200, 999, 1000, 1001, 5000, 20000 };
  g_autoptr (AioGuestTimer) timer = new_timer ();

  for (gsize i = 0; i < 5 * G_N_ELEMENTS (delays); i++)
    {
      gint64 time = g_get_monotonic_time () + delays[i % G_N_ELEMENTS (delays)];

      aio_guest_timer_set (timer, time);
      await (timer);
      g_assert_cmpint (g_get_monotonic_time (), >=, time);
    }
}

/* What is set is the very microsecond: no rounding makes it late. */
static void
test_exact (void)
{
  g_autoptr (AioGuestTimer) timer = new_timer ();

  for (int i = 0; i < 100; i++)
    {
      gint64 time = g_get_monotonic_time () + G_TIME_SPAN_HOUR + 200 + i;

      aio_guest_timer_set (timer, time);
      assert_timer_set_to (aio_guest_timer_get_fd (timer), time);
      g_assert_false (is_due (timer));
    }
}

static void
test_set_anew (void)
{
  g_autoptr (AioGuestTimer) timer = new_timer ();
  gint64 past = g_get_monotonic_time () - 1;

  g_assert_false (is_due (timer));

  for (int i = 0; i < 3; i++)
    {
      aio_guest_timer_set (timer, past);
      await (timer);

      /* Until it is set to something else. */
      aio_guest_timer_set (timer, past);
      g_assert_true (is_due (timer));

      aio_guest_timer_set (timer, i % 2 == 0 ? -1 : past + G_TIME_SPAN_HOUR);
      g_assert_false (is_due (timer));
    }

  /* Zero is long past, and no way to say never. */
  aio_guest_timer_set (timer, 0);
  await (timer);
}

static void
test_far (void)
{
  static const gint64 times[] = {
    (gint64) G_MAXINT32 * G_USEC_PER_SEC + 1,
    (gint64) G_MAXUINT32 * G_USEC_PER_SEC,
    (gint64) 1e18,
    G_MAXINT64,
  };
  g_autoptr (AioGuestTimer) timer = new_timer ();

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      aio_guest_timer_set (timer, times[i]);
      g_assert_false (is_due (timer));
    }

  aio_guest_timer_set (timer, g_get_monotonic_time ());
  await (timer);
}

/* Deadlines of a run */

static gboolean
peek_data (gpointer data)
{
  return ((Guest *) data)->data != NULL;
}

static void
clear_data (Guest *guest)
{
  guest->data = NULL;
}

static Guest *
new_guest (const Variant *variant)
{
  Guest *guest = guest_new (variant);

  aio_guest_run_set_slice (guest->run, NO_YIELD);
  aio_guest_run_set_peek (guest->run, peek_data);
  guest->on_tick = clear_data;
  guest_attach (guest);
  guest_settle (guest);

  return guest;
}

/* Has the guest ticked once, without a wake. */
static void
tick_once (Guest *guest)
{
  guint before = guest->ticks;

  guest->data = guest;
  g_assert_true (g_main_context_iteration (guest->context, FALSE));
  g_assert_cmpuint (guest->ticks, ==, before + 1);
}

static int
find_timer (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  int found = -1;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (g_strcmp0 (target, "anon_inode:[timerfd]") == 0)
        {
          g_assert_cmpint (found, ==, -1);
          found = atoi (name);
        }
    }

  return found;
}

static void
test_run_exact (const Variant *variant)
{
  g_autoptr (Guest) guest = new_guest (variant);

  /* Without a deadline there is no timer. */
  g_assert_cmpint (find_timer (), ==, -1);

  for (int i = 0; i < 100; i++)
    {
      guest->deadline = g_get_monotonic_time () + G_TIME_SPAN_HOUR + 200 + i;
      tick_once (guest);
      assert_timer_set_to (find_timer (), guest->deadline);
    }

  aio_guest_run_stop (guest->run);
  g_assert_cmpint (find_timer (), ==, -1);
}

/* How many descriptors a main context at rest finds ready, its own wakeup descriptor included. */
static int
count_ready (GMainContext *context)
{
  GPollFD fds[16];
  int priority;
  int timeout;
  int n_fds;
  int n_ready;

  g_assert_true (g_main_context_acquire (context));
  g_assert_false (g_main_context_prepare (context, &priority));
  n_fds = g_main_context_query (context, priority, &timeout, fds, G_N_ELEMENTS (fds));
  g_assert_cmpint (n_fds, <=, (int) G_N_ELEMENTS (fds));
  n_ready = g_poll (fds, n_fds, 0);
  g_assert_false (g_main_context_check (context, priority, fds, n_fds));
  g_main_context_release (context);

  return n_ready;
}

/* A new deadline does not cost a turn of the main loop. */
static void
test_run_quiet (const Variant *variant)
{
  g_autoptr (Guest) guest = new_guest (variant);

  guest->deadline = g_get_monotonic_time () + G_TIME_SPAN_HOUR;
  tick_once (guest);
  while (g_main_context_iteration (guest->context, FALSE))
    ;

  for (int i = 0; i < 100; i++)
    {
      guest->deadline = i % 10 == 0 ? -1 : guest->tick_time + G_TIME_SPAN_HOUR + i;
      tick_once (guest);
      g_assert_cmpint (count_ready (guest->context), ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

#ifdef HAVE_TIMERFD
  g_test_add_func ("/timer/descriptor", test_descriptor);
  g_test_add_func ("/timer/never-early", test_never_early);
  g_test_add_func ("/timer/exact", test_exact);
  g_test_add_func ("/timer/set-anew", test_set_anew);
  g_test_add_func ("/timer/far", test_far);
  add_per_variant ("/timer/%s/run/exact", test_run_exact);
  add_per_variant ("/timer/%s/run/quiet", test_run_quiet);
#endif

  return g_test_run ();
}
