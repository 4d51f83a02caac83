/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-run-private.h"
#include "guest.h"

#include <sys/epoll.h>
#include <unistd.h>

static gboolean
quit_loop (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

/* In the child: whatever is done to the copied run comes to nothing. */
static void
live_as_copy (Guest *guest)
{
  guint ticks = guest->ticks;
  gboolean over = FALSE;
  guint turns = 0;
  GSource *timeout = add_timeout (guest->context, 20, 0, quit_loop, &over);

  alarm (PATIENCE);
  aio_guest_run_wake (guest->run);
  while (!over)
    {
      g_main_context_iteration (guest->context, TRUE);
      turns++;
    }
  drop_source (timeout);

  check (guest->ticks == ticks);
  check (turns <= 6);

  /* Nor does it hang, or tell the guest to tidy up: that would reach into the parent. */
  g_clear_pointer (&guest->context, g_main_context_unref);
  check (guest->finished == 0);
  check (guest->destroyed == 0);
  aio_guest_run_stop (guest->run);
  check (guest->finished == 0);
  g_object_unref (guest->run);
  check (guest->destroyed == 0);
  g_object_unref (guest->poller);
  check (guest->finished == 0);
  check (guest->ticks == ticks);
  leave_child ();
}

static void
check_fork (Guest *guest)
{
  guint64 events = guest->events;
  pid_t child = fork ();

  if (child == 0)
    live_as_copy (guest);

  await_child (child);

  /* The parent goes on as if nothing had happened. */
  guest->answer = AIO_GUEST_TICK_WAIT;
  for (guint i = 1; i <= 5; i++)
    {
      if (!guest->leave_events || i > 1)
        guest_signal (guest);
      guest->leave_events = FALSE;
      iterate_until (guest->context, guest->events == events + i);
    }
  g_assert_cmpuint (guest->finished, ==, 0);
}

static void
test_at_rest (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  guest_settle (guest);
  check_fork (guest);
}

/* Readable in the child, too: the epoll set is the same. */
static void
test_readable (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  guest_settle (guest);
  guest->leave_events = TRUE;
  guest_signal (guest);
  check_fork (guest);
}

static void
test_yielded (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest_attach (guest);
  iterate_until (guest->context, guest->dispatches >= 3);
  check_fork (guest);
}

static void
test_overdue (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  guest_settle (guest);
  guest->deadline = g_get_monotonic_time () + 1000;
  aio_guest_run_wake (guest->run);
  g_main_context_iteration (guest->context, FALSE);
  guest->deadline = -1;
  check_fork (guest);
}

/* Inside a tick, as a guest's subprocess machinery may do it. */
static void
fork_in_tick (Guest *guest)
{
  pid_t child;

  guest->on_tick = NULL;
  child = fork ();

  if (child == 0)
    {
      guint ticks = guest->ticks;

      alarm (PATIENCE);
      aio_guest_run_set_reentrant (guest->run, TRUE);
      aio_guest_run_wake (guest->run);
      for (int i = 0; i < 10; i++)
        g_main_context_iteration (guest->context, FALSE);
      check (guest->ticks == ticks);
      leave_child ();
    }

  await_child (child);
}

static void
test_in_tick (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->on_tick = fork_in_tick;
  guest_attach (guest);
  iterate_until (guest->context, guest->on_tick == NULL);
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);
}

/* The same, and the child goes back to its main loop. */
static void
fork_and_return (Guest *guest)
{
  pid_t *child = guest->data;

  guest->on_tick = NULL;
  *child = fork ();
}

static void
never_notified (G_GNUC_UNUSED AioGuestRun *run,
                G_GNUC_UNUSED GParamSpec *pspec,
                gpointer child)
{
  if (*(pid_t *) child == 0)
    _exit (8);
}

static void
test_in_tick_returns (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  pid_t child = -1;

  guest->on_tick = fork_and_return;
  guest->data = &child;
  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest_attach (guest);
  g_signal_connect (guest->run, "notify::state", G_CALLBACK (never_notified), &child);
  iterate_until (guest->context, guest->on_tick == NULL);

  if (child == 0)
    live_as_copy (guest);

  await_child (child);
  g_signal_handlers_disconnect_by_data (guest->run, &child);
  guest->answer = AIO_GUEST_TICK_WAIT;
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);
}

/* A run of the child's own. */
static void
test_new_in_child (const Variant *variant)
{
#ifdef __SANITIZE_THREAD__
  if (variant->mode == AIO_GUEST_POLL_MODE_THREAD)
    {
      g_test_skip ("ThreadSanitizer has no threads in the forked child of a process with threads");
      return;
    }
#endif

  g_autoptr (Guest) guest = guest_new (variant);
  pid_t child;

  guest_attach (guest);
  guest_settle (guest);
  child = fork ();

  if (child == 0)
    {
      Guest *own;

      alarm (PATIENCE);
      own = guest_new (variant);
      guest_attach (own);
      guest_signal (own);
      while (own->events == 0)
        g_main_context_iteration (own->context, TRUE);
      guest_free (own);
      leave_child ();
    }

  await_child (child);
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);
}

/* By a waker on another thread, say, which the child has not. */
static void
test_lock_held (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  pid_t child;

  guest_attach (guest);
  guest_settle (guest);

  g_mutex_lock (&guest->run->lock);
  child = fork ();
  if (child == 0)
    {
      alarm (30);
      aio_guest_run_wake (guest->run);
      aio_guest_run_stop (guest->run);
      leave_child ();
    }
  g_mutex_unlock (&guest->run->lock);

  await_child (child);
}

/* The descriptor of the wakeup is readable in the child, too, which must not sleep over it, nor spin. */
static void
test_woken (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint ticks;

  guest_attach (guest);
  guest_settle (guest);
  ticks = guest->ticks;
  aio_guest_run_wake (guest->run);
  check_fork (guest);
  g_assert_cmpuint (guest->ticks, >, ticks);
}

/* In the child it does nothing: the parent would hear of it. */
static void
test_woken_in_child (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  pid_t child;

  guest_attach (guest);
  guest_settle (guest);

  child = fork ();
  if (child == 0)
    {
      aio_guest_run_wake (guest->run);
      leave_child ();
    }

  await_child (child);
  g_assert_false (aio_guest_run_is_woken (guest->run));
  g_assert_false (is_readable (aio_guest_wakeup_get_fd (aio_guest_run_wakeup (guest->run))));
}

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

  add_per_variant ("/fork/%s/at-rest", test_at_rest);
  add_per_variant ("/fork/%s/readable", test_readable);
  add_per_variant ("/fork/%s/yielded", test_yielded);
  add_per_variant ("/fork/%s/overdue", test_overdue);
  add_per_variant ("/fork/%s/in-tick", test_in_tick);
  add_per_variant ("/fork/%s/in-tick-returns", test_in_tick_returns);
  add_per_variant ("/fork/%s/new-in-child", test_new_in_child);
  add_per_variant ("/fork/%s/lock-held", test_lock_held);
  add_per_variant ("/fork/%s/woken", test_woken);
  add_per_variant ("/fork/%s/woken-in-child", test_woken_in_child);

  return g_test_run ();
}
