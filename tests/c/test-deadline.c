/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "guest.h"

/* Times are bounded by what the clock must have shown, never by how quick the machine is. */

static void
test_deadline (const Variant *variant)
{
  static const gint64 delays[] = { 0, 1, 10, 300, 999, 1000, 1001, 1500, 5000, 20000 };
  g_autoptr (Guest) guest = guest_new (variant);
  gint64 latest = 0;

  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest_attach (guest);
  guest_settle (guest);

  for (gsize i = 0; i < 5 * G_N_ELEMENTS (delays); i++)
    {
      gint64 deadline;
      guint before;

      /* The tick that is woken here sets the deadline for the next. */
      guest->deadline = deadline = g_get_monotonic_time () + 1000 + delays[i % 10];
      before = guest->ticks;
      aio_guest_run_wake (guest->run);
      iterate_until (guest->context, guest->ticks > before);
      guest->deadline = -1;

      if (guest->tick_time < deadline)
        {
          iterate_until (guest->context, guest->ticks > before + 1);
          g_assert_cmpuint (guest->ticks, ==, before + 2);
          g_assert_cmpint (guest->tick_time, >=, deadline);
          latest = MAX (latest, guest->tick_time - deadline);
        }
      while (g_main_context_iteration (guest->context, FALSE))
        ;
    }

  g_test_message ("late by %" G_GINT64_FORMAT " us at most", latest);
}

/* Where no timer is to be had the deadline is one all the same. */
static void
test_deadline_without_timer (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  rlim_t limit;

  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest_attach (guest);
  guest_settle (guest);
  limit = exhaust_descriptors ();

  for (guint i = 1; i <= 20; i++)
    {
      guint before = guest->ticks;
      gint64 deadline = guest->deadline = g_get_monotonic_time () + i * 500;

      aio_guest_run_wake (guest->run);
      iterate_until (guest->context, guest->ticks > before);
      guest->deadline = -1;
      iterate_until (guest->context, guest->tick_time >= deadline);
    }

  restore_descriptors (limit);
}

/* Beside a timeout of GLib's for the same time the guest is no later than one turn. */
static gboolean
note_time (gpointer data)
{
  *(gint64 *) data = g_get_monotonic_time ();
  return G_SOURCE_REMOVE;
}

static void
test_deadline_on_time (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint before;

  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest_attach (guest);
  guest_settle (guest);

  for (int i = 0; i < 10; i++)
    {
      g_autoptr (GSource) timeout = g_timeout_source_new (1000);
      gint64 fired = 0;
      gint64 deadline = g_get_monotonic_time () + 10000;

      g_source_set_callback (timeout, note_time, &fired, NULL);
      g_source_set_priority (timeout, G_PRIORITY_LOW);
      g_source_attach (timeout, guest->context);
      g_source_set_ready_time (timeout, deadline);

      guest->deadline = deadline;
      before = guest->ticks;
      aio_guest_run_wake (guest->run);
      iterate_until (guest->context, guest->ticks > before);
      guest->deadline = -1;

      /* When the timeout of lower priority has fired, the guest has been ticked before it. */
      iterate_until (guest->context, fired != 0);
      g_assert_cmpint (guest->tick_time, >=, deadline);
      g_assert_cmpint (guest->tick_time, <=, fired);
    }
}

static void
test_deadline_never (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint waited = 0;
  guint before;
  GSource *timeout;

  guest_attach (guest);
  guest->deadline = G_MAXINT64;
  guest_settle (guest);
  before = guest->ticks;
  timeout = add_timeout (guest->context, 20, 0, count_call, &waited);
  iterate_until (guest->context, waited == 1);
  g_assert_cmpuint (guest->ticks, ==, before);
  drop_source (timeout);
}

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

  add_per_variant ("/source/%s/deadline", test_deadline);
  add_per_variant ("/source/%s/deadline/on-time", test_deadline_on_time);
  add_per_variant ("/source/%s/deadline/never", test_deadline_never);
  add_per_variant ("/source/%s/deadline/without-timer", test_deadline_without_timer);

  return g_test_run ();
}
