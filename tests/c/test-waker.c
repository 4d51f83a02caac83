/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "aio-guest-run-private.h"
#include "guest.h"

#include <dlfcn.h>

/* A waker that changes the source's ready time, as GLib does it since 2.86: it holds the source's main
 * context meanwhile, in which time the owner drops it. */
static __thread gboolean is_waker;
static int is_done; /* atomic; the waker holds the main context, or is through */
static int is_dropped; /* atomic; by the owner */

void
g_source_set_ready_time (GSource *source, gint64 ready_time)
{
  static gpointer real;
  GMainContext *context = NULL;

  if (g_atomic_pointer_get (&real) == NULL)
    g_atomic_pointer_set (&real, dlsym (RTLD_NEXT, "g_source_set_ready_time"));

  if (is_waker)
    {
      context = g_main_context_ref (g_source_get_context (source));
      g_atomic_int_set (&is_done, TRUE);
      while (!g_atomic_int_get (&is_dropped))
        g_thread_yield ();
    }

  ((void (*) (GSource *, gint64)) g_atomic_pointer_get (&real)) (source, ready_time);

  if (context != NULL)
    g_main_context_unref (context);
}

static gpointer
wake_once (gpointer run)
{
  is_waker = TRUE;
  aio_guest_run_wake (run);
  g_atomic_int_set (&is_done, TRUE);
  return NULL;
}

/* By the owner, with which the run is over; whatever a waker does just then. */
static void
drop_context (Guest *guest)
{
  g_clear_pointer (&guest->context, g_main_context_unref);
  g_assert_cmpuint (guest->finished, ==, 1);
  g_assert_true (guest->finished_thread == g_thread_self ());
  g_assert_error (guest->error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_ABANDONED);
}

static void
test_wake_holds_no_context (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  GThread *thread;

  guest_attach (guest);
  guest_settle (guest);

  g_atomic_int_set (&is_done, FALSE);
  g_atomic_int_set (&is_dropped, FALSE);
  thread = g_thread_new ("waker", wake_once, guest->run);
  while (!g_atomic_int_get (&is_done))
    g_thread_yield ();
  drop_context (guest);
  g_atomic_int_set (&is_dropped, TRUE);
  g_thread_join (thread);
}

/* The descriptor by which the run is woken goes with the source, whoever keeps the run. */
static void
test_wakeup_is_closed (const Variant *variant)
{
  for (int way = 0; way < 3; way++)
    {
      g_autoptr (Guest) guest = guest_new (variant);
      const guint before = count_descriptors ();

      guest_attach (guest);
      guest_settle (guest);
      g_assert_cmpuint (count_descriptors (), >, before);

      switch (way)
        {
        case 0:
          aio_guest_run_stop (guest->run);
          break;
        case 1:
          g_source_destroy (g_main_context_find_source_by_user_data (guest->context, guest->run));
          break;
        case 2:
          guest->finish_at = guest->ticks + 1;
          aio_guest_run_wake (guest->run);
          iterate_until (guest->context, guest->finished == 1);
          break;
        }

      g_assert_cmpuint (count_descriptors (), ==, before);
      aio_guest_run_wake (guest->run);
    }
}

/* Wakes from other threads while runs come and go. */
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

      /* So that they wake it now. */
      aio_guest_run_take_wake (run);
      if (i / 4 % 2 == 0)
        drop_context (guest);
      else
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

  add_per_variant ("/run/%s/wake-across-ends", test_wake_across_ends);
  add_per_variant ("/run/%s/wake-holds-no-context", test_wake_holds_no_context);
  add_per_variant ("/run/%s/wakeup-is-closed", test_wakeup_is_closed);

  return g_test_run ();
}
