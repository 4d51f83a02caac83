/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-run-fields-private.h"
#include "guest.h"

#include <dlfcn.h>

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

  add_per_variant ("/run/%s/wake-across-ends", test_wake_across_ends);
  add_per_variant ("/run/%s/wake-keeps-context", test_wake_keeps_context);

  return g_test_run ();
}
