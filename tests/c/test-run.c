/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "aio-guest-run-fields-private.h"
#include "guest.h"

#include <dlfcn.h>

static void
assert_over (Guest *guest, int code)
{
  g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_FINISHED);
  g_assert_cmpuint (guest->finished, ==, 1);
  g_assert_cmpuint (guest->destroyed, ==, 1);

  if (code < 0)
    {
      g_assert_no_error (guest->error);
      g_assert_no_error (aio_guest_run_get_error (guest->run));
    }
  else
    {
      g_assert_error (guest->error, AIO_GUEST_ERROR, code);
      g_assert_error (aio_guest_run_get_error (guest->run), AIO_GUEST_ERROR, code);
    }

  /* Nothing is left in the main context. */
  g_assert_null (g_main_context_find_source_by_user_data (guest->context, guest->run));
  while (g_main_context_iteration (guest->context, FALSE))
    ;
  g_assert_cmpuint (guest->finished, ==, 1);
}

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
  assert_over (guest, -1);
}

static void
test_failed (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->answer = AIO_GUEST_TICK_FAILED;
  guest->failure = g_error_new (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "half a guest");
  guest_attach (guest);
  iterate_until (guest->context, guest->finished == 1);
  g_assert_cmpuint (guest->ticks, ==, 1);
  g_assert_error (guest->error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
  g_assert_cmpstr (guest->error->message, ==, "half a guest");
  g_assert_error (aio_guest_run_get_error (guest->run), G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
  g_assert_cmpuint (guest->destroyed, ==, 1);
}

static void
test_failed_without_error (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->answer = AIO_GUEST_TICK_FAILED;
  guest_attach (guest);
  iterate_until (guest->context, guest->finished == 1);
  assert_over (guest, AIO_GUEST_ERROR_FAILED);
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
  assert_over (guest, AIO_GUEST_ERROR_FAILED);
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
      assert_over (guest, -1);
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
  assert_over (guest, -1);
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
  assert_over (guest, -1);
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
  assert_over (guest, -1);

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
  assert_over (first, -1);
}

/* Attaching */

static void
test_attach_twice (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  g_autoptr (GError) error = NULL;

  guest_attach (guest);
  g_assert_false (aio_guest_run_attach (guest->run, guest->context, &error));
  g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_STATE);
  g_clear_error (&error);
  g_assert_null (aio_guest_source_new (guest->run, &error));
  g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_STATE);
  g_clear_error (&error);

  /* The first is none the worse for it. */
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);

  aio_guest_run_stop (guest->run);
  g_assert_false (aio_guest_run_attach (guest->run, guest->context, &error));
  g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_STATE);
}

/* Constructed by a binding, without a guest. */
static void
test_attach_nothing (void)
{
  g_autoptr (GError) error = NULL;
  AioGuestRun *run = g_object_new (AIO_GUEST_TYPE_RUN, NULL);

  g_assert_false (aio_guest_run_attach (run, NULL, &error));
  g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_STATE);
  g_assert_cmpint (aio_guest_run_get_poll_mode (run), ==, AIO_GUEST_POLL_MODE_AUTO);
  g_assert_null (aio_guest_run_get_poller (run));
  g_assert_finalize_object (run);
}

typedef struct
{
  GMutex lock;
  GCond cond;
  gboolean acquired;
  gboolean release;
  GMainContext *context;
} Owner;

static gpointer
own_context (gpointer data)
{
  Owner *self = data;

  g_assert_true (g_main_context_acquire (self->context));
  g_mutex_lock (&self->lock);
  self->acquired = TRUE;
  g_cond_signal (&self->cond);
  while (!self->release)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
  g_main_context_release (self->context);

  return NULL;
}

static void
test_attach_foreign (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  g_autoptr (GError) error = NULL;
  Owner owner = { .context = guest->context };
  GThread *thread;

  g_mutex_init (&owner.lock);
  g_cond_init (&owner.cond);
  thread = g_thread_new ("owner", own_context, &owner);
  g_mutex_lock (&owner.lock);
  while (!owner.acquired)
    g_cond_wait (&owner.cond, &owner.lock);
  g_mutex_unlock (&owner.lock);

  g_assert_false (aio_guest_run_attach (guest->run, guest->context, &error));
  g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_THREAD);
  g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_NEW);

  g_mutex_lock (&owner.lock);
  owner.release = TRUE;
  g_cond_signal (&owner.cond);
  g_mutex_unlock (&owner.lock);
  g_thread_join (thread);
  g_mutex_clear (&owner.lock);
  g_cond_clear (&owner.cond);

  /* Refused is not used up. */
  guest_attach (guest);
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);
}

#ifndef G_DISABLE_CHECKS

static gpointer
stop_elsewhere (gpointer data)
{
  Guest *guest = data;

  g_test_expect_message ("AioGuest", G_LOG_LEVEL_CRITICAL, "*may_stop*");
  aio_guest_run_stop (guest->run);
  g_test_assert_expected_messages ();
  return NULL;
}

/* The guest would be taken down on a thread that is not its own. */
static void
test_stop_wrong_thread (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  guest_settle (guest);
  g_thread_join (g_thread_new ("wrong", stop_elsewhere, guest));
  g_assert_cmpuint (guest->finished, ==, 0);

  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);
  aio_guest_run_stop (guest->run);
  assert_over (guest, -1);
}

#endif

/* Over: there is nothing to take down. */
static gpointer
stop_in_vain (gpointer data)
{
  aio_guest_run_stop (data);
  return NULL;
}

static void
test_stop_over_wrong_thread (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  aio_guest_run_stop (guest->run);
  g_thread_join (g_thread_new ("wrong", stop_in_vain, guest->run));
  assert_over (guest, -1);
}

static gpointer
iterate_elsewhere (gpointer data)
{
  Guest *guest = data;

  iterate_until (guest->context, guest->finished == 1);
  return NULL;
}

static gboolean
peek_on_owner (gpointer data)
{
  Guest *guest = data;

  g_assert_true (guest->data == g_thread_self ());
  return FALSE;
}

/* It must end, and neither tick nor peek on the wrong thread, whatever it was just doing. */
static void
check_wrong_thread (Guest *guest)
{
  guint ticks = guest->ticks;

  g_thread_join (g_thread_new ("wrong", iterate_elsewhere, guest));
  g_assert_cmpuint (guest->ticks, ==, ticks);
  assert_over (guest, AIO_GUEST_ERROR_WRONG_THREAD);
}

static void
test_wrong_thread (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  check_wrong_thread (guest);
}

static void
test_wrong_thread_at_rest (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->data = g_thread_self ();
  aio_guest_run_set_peek (guest->run, peek_on_owner);
  guest_attach (guest);
  guest_settle (guest);
  check_wrong_thread (guest);
}

static void
test_wrong_thread_yielded (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest_attach (guest);
  iterate_until (guest->context, guest->dispatches >= 3);
  check_wrong_thread (guest);
}

static gpointer
attach_and_end (gpointer data)
{
  guest_attach (data);
  return NULL;
}

/* The next thread may be given all that the one before it had: its stack, its GThread. */
static void
test_wrong_thread_after_owner (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  g_thread_join (g_thread_new ("owner", attach_and_end, guest));
  check_wrong_thread (guest);
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

/* Frozen */

static void
freeze (Guest *guest)
{
  aio_guest_run_freeze (guest->run);
  aio_guest_run_freeze (guest->run);
}

static void
never_notified (void)
{
  g_assert_not_reached ();
}

/* Whatever the guest has to do: the main context rests, and nobody is told. */
static void
test_freeze (const Variant *variant)
{
  static const AioGuestTick answers[] = { AIO_GUEST_TICK_WAIT, AIO_GUEST_TICK_AGAIN,
                                          AIO_GUEST_TICK_FINISHED };

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
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
          guest->on_tick = freeze;
          guest->answer = answers[i];
          guest->leave_events = TRUE;
          guest_signal (guest);
          handler = g_signal_connect (guest->run, "notify", G_CALLBACK (never_notified), NULL);
          iterate_until (guest->context, guest->ticks > ticks);

          aio_guest_run_wake (guest->run);
          for (int turn = 0; turn < 5; turn++)
            g_main_context_iteration (guest->context, FALSE);
          g_assert_false (g_main_context_pending (guest->context));
          g_clear_pointer (&guest->context, g_main_context_unref);

          g_assert_cmpuint (guest->ticks, ==, ticks + 1);
          g_assert_cmpuint (guest->finished, ==, 0);
          g_assert_cmpuint (guest->destroyed, ==, 0);

          /* It is kept for good, but by a test. */
          g_signal_handler_disconnect (guest->run, handler);
          g_object_unref (guest->run);
          g_assert_finalize_object (g_steal_pointer (&guest->run));
          g_assert_cmpuint (guest->destroyed, ==, 0);
        }
    }
}

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
  assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
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
  g_source_destroy (g_main_context_find_source_by_user_data (guest->context, guest->run));

  g_test_message ("%u turns", turns);
  g_assert_cmpuint (turns, >, 0);
  g_assert_cmpuint (turns, <=, 6);
  assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
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
      assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
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
  assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
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
      assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
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
  assert_over (guest, AIO_GUEST_ERROR_ABANDONED);
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
  assert_over (guest, -1);
}

/* Wakes from another thread while runs come and go. */
typedef struct
{
  GMutex lock;
  AioGuestRun *run; /* (lock) */
  gboolean quit;    /* (lock) */
} Shared;

static gpointer
wake_whatever_there_is (gpointer data)
{
  Shared *shared = data;

  for (;;)
    {
      g_autoptr (AioGuestRun) run = NULL;
      gboolean quit;

      g_mutex_lock (&shared->lock);
      quit = shared->quit;
      if (shared->run != NULL)
        run = g_object_ref (shared->run);
      g_mutex_unlock (&shared->lock);

      if (quit)
        return NULL;
      if (run != NULL)
        aio_guest_run_wake (run);
    }
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

/* What a waker does to the source. */
static AioGuestRun *run_to_wake; /* atomic */
static gboolean context_was_kept;

void
g_source_set_ready_time (GSource *source, gint64 ready_time)
{
  static gpointer real;
  AioGuestRun *run = g_atomic_pointer_get (&run_to_wake);

  if (g_atomic_pointer_get (&real) == NULL)
    g_atomic_pointer_set (&real, dlsym (RTLD_NEXT, "g_source_set_ready_time"));

  if (run != NULL && ready_time == 0)
    {
      context_was_kept = !g_mutex_trylock (&run->lock);
      if (!context_was_kept)
        g_mutex_unlock (&run->lock);
    }

  ((void (*) (GSource *, gint64)) g_atomic_pointer_get (&real)) (source, ready_time);
}

/*
 * thread A (owner)                     thread B
 *                                      wake(): the source's context
 * unref (context)
 *                                      lock (context)
 *
 * A can't free the context before it has ended the run, which takes the run's lock.
 */
static void
test_wake_keeps_context (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  guest_settle (guest);

  context_was_kept = FALSE;
  g_atomic_pointer_set (&run_to_wake, guest->run);
  aio_guest_run_wake (guest->run);
  g_atomic_pointer_set (&run_to_wake, NULL);
  g_assert_true (context_was_kept);
}

static void
test_wake_across_ends (const Variant *variant)
{
  Shared shared = { 0 };
  GThread *threads[2];

  g_mutex_init (&shared.lock);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("waker", wake_whatever_there_is, &shared);

  for (int i = 0; i < 300; i++)
    {
      Guest *guest = guest_new (variant);
      AioGuestRun *run = guest->run;

      g_mutex_lock (&shared.lock);
      shared.run = g_object_ref (run);
      g_mutex_unlock (&shared.lock);

      guest_attach (guest);
      iterate_until (guest->context, guest->ticks > (guint) i % 4);
      aio_guest_run_stop (run);
      g_assert_cmpuint (guest->finished, ==, 1);

      g_mutex_lock (&shared.lock);
      g_clear_object (&shared.run);
      g_mutex_unlock (&shared.lock);

      /* A waker may have the last reference; from now on nothing of the guest is touched. */
      g_object_unref (g_steal_pointer (&guest->run));
      while (g_atomic_int_get (&G_OBJECT (guest->poller)->ref_count) > 1)
        g_thread_yield ();
      guest_free (guest);
    }

  g_mutex_lock (&shared.lock);
  shared.quit = TRUE;
  g_mutex_unlock (&shared.lock);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_mutex_clear (&shared.lock);
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
#ifndef G_DISABLE_CHECKS
  add_per_variant ("/run/%s/stop/wrong-thread", test_stop_wrong_thread);
#endif
  add_per_variant ("/run/%s/stop/over-wrong-thread", test_stop_over_wrong_thread);
  add_per_variant ("/run/%s/attach/twice", test_attach_twice);
  add_per_variant ("/run/%s/attach/foreign", test_attach_foreign);
  add_per_variant ("/run/%s/attach/default", test_attach_default);
  g_test_add_func ("/run/attach/nothing", test_attach_nothing);
  g_test_add_func ("/run/stop/nothing", test_stop_nothing);
  add_per_variant ("/run/%s/wrong-thread", test_wrong_thread);
  add_per_variant ("/run/%s/wrong-thread/at-rest", test_wrong_thread_at_rest);
  add_per_variant ("/run/%s/wrong-thread/yielded", test_wrong_thread_yielded);
  add_per_variant ("/run/%s/wrong-thread/after-owner", test_wrong_thread_after_owner);
  add_per_variant ("/run/%s/start", test_start);
  add_per_variant ("/run/%s/dropped", test_dropped);
  add_per_variant ("/run/%s/dropped/in-tick", test_dropped_in_tick);
  add_per_variant ("/run/%s/never-attached", test_never_attached);
  add_per_variant ("/run/%s/freeze", test_freeze);
  add_per_variant ("/run/%s/abandoned/source", test_source_destroyed);
  add_per_variant ("/run/%s/abandoned/source/finished-handler",
                   test_source_destroyed_finished_handler);
  add_per_variant ("/run/%s/abandoned/source-in-tick", test_source_destroyed_in_tick);
  add_per_variant ("/run/%s/abandoned/source-nested", test_source_destroyed_nested);
  add_per_variant ("/run/%s/abandoned/source-yielded", test_source_destroyed_yielded);
  add_per_variant ("/run/%s/own-source", test_own_source);
  add_per_variant ("/run/%s/own-source/unattached", test_own_source_unattached);
  add_per_variant ("/run/%s/own-source/after-the-end", test_own_source_after_the_end);
  add_per_variant ("/run/%s/stop/when-attached", test_stop_when_attached);
  add_per_variant ("/run/%s/wake-across-ends", test_wake_across_ends);
  add_per_variant ("/run/%s/wake-keeps-context", test_wake_keeps_context);

  return g_test_run ();
}
