/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "guest.h"

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
  guest_assert_over (guest, -1);
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
  guest_assert_over (guest, -1);
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
  guest_assert_over (guest, AIO_GUEST_ERROR_WRONG_THREAD);
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

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

#ifndef G_DISABLE_CHECKS
  add_per_variant ("/run/%s/stop/wrong-thread", test_stop_wrong_thread);
#endif
  add_per_variant ("/run/%s/stop/over-wrong-thread", test_stop_over_wrong_thread);
  add_per_variant ("/run/%s/attach/twice", test_attach_twice);
  add_per_variant ("/run/%s/attach/foreign", test_attach_foreign);
  g_test_add_func ("/run/attach/nothing", test_attach_nothing);
  add_per_variant ("/run/%s/wrong-thread", test_wrong_thread);
  add_per_variant ("/run/%s/wrong-thread/at-rest", test_wrong_thread_at_rest);
  add_per_variant ("/run/%s/wrong-thread/yielded", test_wrong_thread_yielded);
  add_per_variant ("/run/%s/wrong-thread/after-owner", test_wrong_thread_after_owner);

  return g_test_run ();
}
