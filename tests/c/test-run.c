/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "guest.h"

/* Ends */

static void
test_finished (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_NEW);
  g_assert_null (aio_guest_run_get_main_context (guest->run));
  guest->finish_at = 3;
  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest_attach (guest);
  g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_RUNNING);
  g_assert_true (aio_guest_run_get_main_context (guest->run) == guest->context);
  iterate_until (guest->context, guest->finished == 1);
  g_assert_null (aio_guest_run_get_main_context (guest->run));
  g_assert_cmpuint (guest->ticks, ==, 3);
  g_assert_true (guest->finished_thread == g_thread_self ());
  guest_assert_over (guest, -1);
}

static void
test_failed (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->answer = AIO_GUEST_TICK_FAILED;
  guest->failure = g_error_new (G_FILE_ERROR, G_FILE_ERROR_IO, "half a guest");
  guest_attach (guest);
  iterate_until (guest->context, guest->finished == 1);
  g_assert_cmpuint (guest->ticks, ==, 1);
  g_assert_error (guest->error, G_FILE_ERROR, G_FILE_ERROR_IO);
  g_assert_cmpstr (guest->error->message, ==, "half a guest");
  g_assert_error (aio_guest_run_get_error (guest->run), G_FILE_ERROR, G_FILE_ERROR_IO);
  g_assert_cmpuint (guest->destroyed, ==, 1);
}

static void
test_failed_without_error (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->answer = AIO_GUEST_TICK_FAILED;
  guest_attach (guest);
  iterate_until (guest->context, guest->finished == 1);
  guest_assert_over (guest, AIO_GUEST_ERROR_FAILED);
}

/* A failure in the middle of a flood, told by the idle source's dispatch. */
static void
test_failed_yielded (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest_attach (guest);
  iterate_until (guest->context, guest->dispatches >= 3);
  guest->answer = AIO_GUEST_TICK_FAILED;
  iterate_until (guest->context, guest->finished == 1);
  guest_assert_over (guest, AIO_GUEST_ERROR_FAILED);
}

/* With nobody to be told, it is said aloud. */
static void
test_failed_unheard (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  g_signal_handlers_disconnect_by_data (guest->run, guest);
  aio_guest_run_set_name (guest->run, "tree");
  guest->answer = AIO_GUEST_TICK_FAILED;
  guest_attach (guest);

  g_test_expect_message ("AioGuest", G_LOG_LEVEL_WARNING, "*run \"tree\" failed: *tick failed*");
  iterate_until (guest->context, guest->destroyed == 1);
  g_test_assert_expected_messages ();
  guest->finished = 1;
}

/* Stopping */

static void
stop_in_tick (Guest *guest)
{
  aio_guest_run_stop (guest->run);
  aio_guest_run_stop (guest->run);

  /* It takes effect when this tick is back. */
  g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_FINISHED);
  g_assert_cmpuint (guest->finished, ==, 0);
  g_assert_cmpuint (guest->destroyed, ==, 0);
}

static void
test_stop_in_tick (const Variant *variant)
{
  static const AioGuestTick answers[] = { AIO_GUEST_TICK_WAIT, AIO_GUEST_TICK_AGAIN,
                                          AIO_GUEST_TICK_FINISHED, AIO_GUEST_TICK_FAILED };

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (Guest) guest = guest_new (variant);

      guest->on_tick = stop_in_tick;
      guest->answer = answers[i];
      guest_attach (guest);
      iterate_until (guest->context, guest->finished == 1);
      g_assert_cmpuint (guest->ticks, ==, 1);
      guest_assert_over (guest, -1);
    }
}

static void
test_stop_yielded (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest_attach (guest);
  iterate_until (guest->context, guest->dispatches >= 3);
  guest->on_tick = stop_in_tick;
  iterate_until (guest->context, guest->finished == 1);
  guest_assert_over (guest, -1);
}

static gboolean
stop_from_host (gpointer data)
{
  Guest *guest = data;

  aio_guest_run_stop (guest->run);
  g_assert_cmpuint (guest->finished, ==, 1);
  return G_SOURCE_REMOVE;
}

static void
test_stop_from_host (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  GSource *source;

  /* Both are ready in the same turn. */
  guest_attach (guest);
  guest_signal (guest);
  source = add_busy (guest->context, 0, stop_from_host, guest);
  iterate_until (guest->context, guest->finished == 1);
  guest_assert_over (guest, -1);
  drop_source (source);
}

static void
test_stop_new (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  g_autoptr (GError) error = NULL;

  aio_guest_run_wake (guest->run);
  aio_guest_run_stop (guest->run);
  aio_guest_run_stop (guest->run);
  aio_guest_run_wake (guest->run);
  guest_assert_over (guest, -1);

  g_assert_false (aio_guest_run_attach (guest->run, guest->context, &error));
  g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_STATE);
  g_assert_cmpuint (guest->ticks, ==, 0);
}

static void
test_stop_nothing (void)
{
  AioGuestRun *run = g_object_new (AIO_GUEST_TYPE_RUN, NULL);

  aio_guest_run_stop (run);
  g_assert_cmpint (aio_guest_run_get_state (run), ==, AIO_GUEST_RUN_STATE_FINISHED);
  g_assert_finalize_object (run);
}

/* In the handler of ::finished anything may be done. */
static void
start_another (AioGuestRun *run, G_GNUC_UNUSED GError *error, gpointer user_data)
{
  Guest *next = user_data;

  aio_guest_run_stop (run);
  aio_guest_run_wake (run);
  guest_attach (next);
}

static void
test_finished_handler (const Variant *variant)
{
  g_autoptr (Guest) first = guest_new (variant);
  g_autoptr (Guest) second = guest_new (variant);

  g_main_context_unref (second->context);
  second->context = g_main_context_ref (first->context);
  g_signal_connect (first->run, "finished", G_CALLBACK (start_another), second);
  first->finish_at = 1;
  guest_attach (first);
  guest_signal (second);
  iterate_until (first->context, second->events == 1);
  guest_assert_over (first, -1);
}

static void
test_stop_when_attached (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  g_signal_connect (guest->run, "notify::state", G_CALLBACK (aio_guest_run_stop), NULL);
  guest_attach (guest);
  g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_FINISHED);
  while (g_main_context_iteration (guest->context, FALSE))
    ;

  g_assert_cmpuint (guest->ticks, ==, 0);
  g_assert_cmpuint (guest->finished, ==, 1);
}

/* The two short cuts */

static void
test_start (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  g_autoptr (GError) error = NULL;

  /* Into the thread-default main context. */
  g_object_unref (guest->run);
  guest->destroyed = 0;
  g_main_context_push_thread_default (guest->context);
  guest->run = aio_guest_start (guest->poller, guest_tick, guest, guest_destroyed, &error);
  g_main_context_pop_thread_default (guest->context);
  g_assert_no_error (error);
  g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_RUNNING);
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);
  aio_guest_run_stop (guest->run);
  g_assert_cmpuint (guest->destroyed, ==, 1);
  guest->finished = 1;
}

static void
test_attach_default (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  g_autoptr (GError) error = NULL;

  g_main_context_unref (guest->context);
  guest->context = g_main_context_ref (g_main_context_default ());
  g_assert_true (aio_guest_run_attach (guest->run, NULL, &error));
  g_assert_no_error (error);
  guest_signal (guest);
  iterate_until (NULL, guest->events == 1);
  g_assert_nonnull (g_main_context_find_source_by_user_data (NULL, guest->run));
}

/* The caller has dropped its reference: the main context's is enough. */
static void
test_dropped (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  AioGuestRun *run = guest->run;

  guest_attach (guest);
  g_object_add_weak_pointer (G_OBJECT (run), (gpointer *) &guest->run);
  g_object_unref (run);
  g_assert_nonnull (guest->run);
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);
  g_assert_nonnull (guest->run);

  guest->finish_at = 1;
  guest_signal (guest);
  iterate_until (guest->context, guest->finished == 1);
  g_assert_null (guest->run);
  g_assert_cmpuint (guest->destroyed, ==, 1);
}

/* Dropped by the tick itself, which at the same time is the last one. */
static void
drop_and_stop (Guest *guest)
{
  AioGuestRun *run = guest->run;

  aio_guest_run_stop (run);
  g_object_add_weak_pointer (G_OBJECT (run), (gpointer *) &guest->run);
  g_object_unref (run);
}

static void
test_dropped_in_tick (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->on_tick = drop_and_stop;
  guest_attach (guest);
  iterate_until (guest->context, guest->finished == 1);
  g_assert_null (guest->run);
  g_assert_cmpuint (guest->destroyed, ==, 1);
}

static void
test_never_attached (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  g_assert_finalize_object (g_steal_pointer (&guest->run));
  g_assert_cmpuint (guest->finished, ==, 0);
  g_assert_cmpuint (guest->destroyed, ==, 1);
}

/* In the outermost main loop, as when the guest's language is gone */

static void
tell_nobody (Guest *guest)
{
  g_object_freeze_notify (G_OBJECT (guest->run));
}

static void
never_notified (void)
{
  g_assert_not_reached ();
}

/* Whatever the guest has to do: the main context rests, and nobody is told. */
static void
test_rest (const Variant *variant)
{
  for (guint dispatches = 0; dispatches <= 3; dispatches += 3)
    {
      g_autoptr (Guest) guest = guest_new (variant);
      gulong handler;
      guint ticks;

      guest->answer = AIO_GUEST_TICK_AGAIN;
      guest_attach (guest);
      iterate_until (guest->context, guest->dispatches >= dispatches);

      ticks = guest->ticks;
      guest->on_tick = tell_nobody;
      guest->answer = AIO_GUEST_TICK_REST;
      guest->leave_events = TRUE;
      guest_signal (guest);
      handler = g_signal_connect (guest->run, "notify", G_CALLBACK (never_notified), NULL);
      iterate_until (guest->context, guest->ticks > ticks);

      for (int turn = 0; turn < 5; turn++)
        g_main_context_iteration (guest->context, FALSE);
      g_assert_false (g_main_context_pending (guest->context));
      g_assert_cmpuint (guest->ticks, ==, ticks + 1);
      g_assert_cmpuint (guest->finished, ==, 0);

      g_signal_handler_disconnect (guest->run, handler);
      g_object_thaw_notify (G_OBJECT (guest->run));
    }
}

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

  add_per_variant ("/run/%s/finished", test_finished);
  add_per_variant ("/run/%s/finished/handler", test_finished_handler);
  add_per_variant ("/run/%s/failed", test_failed);
  add_per_variant ("/run/%s/failed/without-error", test_failed_without_error);
  add_per_variant ("/run/%s/failed/yielded", test_failed_yielded);
  add_per_variant ("/run/%s/failed/unheard", test_failed_unheard);
  add_per_variant ("/run/%s/stop/in-tick", test_stop_in_tick);
  add_per_variant ("/run/%s/stop/yielded", test_stop_yielded);
  add_per_variant ("/run/%s/stop/from-host", test_stop_from_host);
  add_per_variant ("/run/%s/stop/new", test_stop_new);
  add_per_variant ("/run/%s/rest", test_rest);
  add_per_variant ("/run/%s/attach/default", test_attach_default);
  g_test_add_func ("/run/stop/nothing", test_stop_nothing);
  add_per_variant ("/run/%s/start", test_start);
  add_per_variant ("/run/%s/dropped", test_dropped);
  add_per_variant ("/run/%s/dropped/in-tick", test_dropped_in_tick);
  add_per_variant ("/run/%s/never-attached", test_never_attached);
  add_per_variant ("/run/%s/stop/when-attached", test_stop_when_attached);

  return g_test_run ();
}
