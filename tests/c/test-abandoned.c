/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "guest.h"

/* Abandoned */

static void
test_source_destroyed (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  GSource *source;

  guest_attach (guest);
  guest_settle (guest);
  source = g_main_context_find_source_by_user_data (guest->context, guest->run);
  g_assert_nonnull (source);
  g_assert_cmpstr (g_source_get_name (source), ==, "[aioguest] run");
  g_source_destroy (source);
  guest_assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
}

/* GLib is not through with the source yet: its descriptors, which are readable, must not keep the
 * host from sleeping. */
static void
iterate_in_handler (G_GNUC_UNUSED AioGuestRun *run, G_GNUC_UNUSED GError *error, gpointer user_data)
{
  Guest *guest = user_data;
  guint *turns = guest->data;
  guint over = 0;
  GSource *timeout = add_timeout (guest->context, 30, 0, count_call, &over);

  while (over == 0)
    {
      g_main_context_iteration (guest->context, TRUE);
      (*turns)++;
    }

  drop_source (timeout);
}

static void
test_source_destroyed_finished_handler (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint turns = 0;

  guest->leave_events = TRUE;
  guest->data = &turns;
  g_signal_connect (guest->run, "finished", G_CALLBACK (iterate_in_handler), guest);
  guest_attach (guest);
  guest_signal (guest);
  iterate_until (guest->context, guest->ticks >= 3);
  aio_guest_run_wake (guest->run);
  g_source_destroy (g_main_context_find_source_by_user_data (guest->context, guest->run));

  g_test_message ("%u turns", turns);
  g_assert_cmpuint (turns, >, 0);
  g_assert_cmpuint (turns, <=, 6);
  guest_assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
}

static void
destroy_source (Guest *guest)
{
  GSource *source = g_main_context_find_source_by_user_data (guest->context, guest->run);

  g_source_destroy (source);
  g_assert_cmpuint (guest->finished, ==, 0);
  g_assert_cmpuint (guest->destroyed, ==, 0);
}

static void
test_source_destroyed_in_tick (const Variant *variant)
{
  static const AioGuestTick answers[] = { AIO_GUEST_TICK_WAIT, AIO_GUEST_TICK_AGAIN,
                                          AIO_GUEST_TICK_FINISHED };

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (Guest) guest = guest_new (variant);

      guest->on_tick = destroy_source;
      guest->answer = answers[i];
      guest_attach (guest);
      iterate_until (guest->context, guest->finished == 1);
      g_assert_cmpuint (guest->ticks, ==, 1);
      guest_assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
    }
}

static void
test_source_destroyed_yielded (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest_attach (guest);
  iterate_until (guest->context, guest->dispatches >= 3);
  guest->on_tick = destroy_source;
  iterate_until (guest->context, guest->finished == 1);
  guest_assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
}

/* In a tick nested in a tick: none comes after it, whichever of the two sources is dispatched. */
static void
nest_and_destroy (Guest *guest)
{
  if (guest->depth == 1)
    {
      aio_guest_run_wake (guest->run);
      iterate_until (guest->context, guest->max_depth == 2);
      for (int i = 0; i < 20; i++)
        g_main_context_iteration (guest->context, FALSE);
    }
  else
    {
      destroy_source (guest);
    }
}

static void
test_source_destroyed_nested (const Variant *variant)
{
  for (guint dispatches = 0; dispatches <= 3; dispatches += 3)
    {
      g_autoptr (Guest) guest = guest_new (variant);
      guint before;

      aio_guest_run_set_reentrant (guest->run, TRUE);
      guest->answer = AIO_GUEST_TICK_AGAIN;
      guest_attach (guest);
      iterate_until (guest->context, guest->dispatches >= dispatches);
      before = guest->ticks;
      guest->on_tick = nest_and_destroy;
      iterate_until (guest->context, guest->finished == 1);
      g_assert_cmpuint (guest->ticks, ==, before + 2);
      guest_assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
    }
}

/* A host that attaches its sources itself. */
static void
test_own_source (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  g_autoptr (GError) error = NULL;
  GSource *source = aio_guest_source_new (guest->run, &error);

  g_assert_no_error (error);
  g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_RUNNING);
  g_assert_cmpint (g_source_get_priority (source), ==, G_PRIORITY_DEFAULT);
  g_source_attach (source, guest->context);
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);
  g_source_destroy (source);
  g_source_unref (source);
  guest_assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
}

static void
test_own_source_unattached (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  g_autoptr (GError) error = NULL;
  GSource *source = aio_guest_source_new (guest->run, &error);

  g_assert_no_error (error);
  aio_guest_run_wake (guest->run);
  aio_guest_run_stop (guest->run);
  g_assert_cmpuint (guest->finished, ==, 1);
  g_source_unref (source);
  guest_assert_over (guest, -1);
}

/* Attached all the same when its run is over: it goes by itself. */
static void
test_own_source_after_the_end (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSource) source = aio_guest_source_new (guest->run, &error);

  g_assert_no_error (error);
  aio_guest_run_stop (guest->run);
  g_source_attach (source, guest->context);
  while (g_main_context_iteration (guest->context, FALSE))
    ;

  g_assert_true (g_source_is_destroyed (source));
  g_assert_cmpuint (guest->ticks, ==, 0);
  g_assert_cmpuint (guest->finished, ==, 1);
}

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

  add_per_variant ("/run/%s/abandoned/source", test_source_destroyed);
  add_per_variant ("/run/%s/abandoned/source/finished-handler",
                   test_source_destroyed_finished_handler);
  add_per_variant ("/run/%s/abandoned/source-in-tick", test_source_destroyed_in_tick);
  add_per_variant ("/run/%s/abandoned/source-nested", test_source_destroyed_nested);
  add_per_variant ("/run/%s/abandoned/source-yielded", test_source_destroyed_yielded);
  add_per_variant ("/run/%s/own-source", test_own_source);
  add_per_variant ("/run/%s/own-source/unattached", test_own_source_unattached);
  add_per_variant ("/run/%s/own-source/after-the-end", test_own_source_after_the_end);

  return g_test_run ();
}
