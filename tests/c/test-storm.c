/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/*
 * Storms of threads against one run, while its owner changes all that may be changed, nests main
 * loops and ends it. What is done is decided by GLib's test seed: --seed, or what GTest prints.
 */

#include "config.h"

#include "guest.h"

#include <unistd.h>

#define N_THREADS 3
#define N_STEPS 400
#define N_ENDINGS 60
#define N_PIPES 4
#define MAX_DEPTH 4

typedef struct
{
  Guest *guest;
  int pipes[N_PIPES][2];
  gboolean watched[N_PIPES];
  int posted[N_THREADS]; /* atomic */
  int seen[N_THREADS];   /* atomic */
  int over;              /* atomic: threads that are through */
  int quit;              /* atomic: the threads are to end */
} Storm;

typedef struct
{
  Storm *storm;
  int index;
  guint32 seed;

  GMutex lock;
  GCond cond;
  gboolean called; /* (lock) the host's callback that the thread waits for */
} Member;

static int
any_priority (void)
{
  static const int priorities[] = { -100, 0, 0, 110, 120, 200, 300 };

  return priorities[g_test_rand_int_range (0, G_N_ELEMENTS (priorities))];
}

/* Threads */

static gboolean
note_called (gpointer data)
{
  Member *self = data;

  g_mutex_lock (&self->lock);
  self->called = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);

  return G_SOURCE_REMOVE;
}

/* The host's own callback, of any priority down to an idle one: it gets its turn. */
static void
wait_for_idle (Member *self, int priority)
{
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, priority);
  g_source_set_callback (source, note_called, self, NULL);

  g_mutex_lock (&self->lock);
  self->called = FALSE;
  g_source_attach (source, self->storm->guest->context);
  g_source_unref (source);
  while (!self->called)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

static gpointer
storm_thread (gpointer data)
{
  Member *self = data;
  Storm *storm = self->storm;
  g_autoptr (GRand) rand = g_rand_new_with_seed (self->seed);

  for (int i = 1; i <= N_STEPS; i++)
    {
      g_atomic_int_set (&storm->posted[self->index], i);

      switch (g_rand_int_range (rand, 0, 8))
        {
        case 0:
          wait_for_idle (self, g_rand_int_range (rand, -1, 3) * 100);
          aio_guest_run_wake (storm->guest->run);
          break;
        case 1:
        case 2:
          guest_signal (storm->guest);
          break;
        default:
          aio_guest_run_wake (storm->guest->run);
        }

      /* Nothing that is told later makes up for what is lost while this thread waits for it. */
      while (g_rand_int_range (rand, 0, 3) == 0 &&
             g_atomic_int_get (&storm->seen[self->index]) < i)
        g_thread_yield ();
    }

  g_atomic_int_inc (&storm->over);
  g_main_context_wakeup (storm->guest->context);
  return NULL;
}

static gpointer
wake_thread (gpointer data)
{
  Member *self = data;

  while (!g_atomic_int_get (&self->storm->quit))
    {
      aio_guest_run_wake (self->storm->guest->run);
      g_thread_yield ();
    }

  return NULL;
}

static void
start_threads (Storm *storm, GThreadFunc func, Member *members, GThread **threads)
{
  for (int i = 0; i < N_THREADS; i++)
    {
      members[i] = (Member){ .storm = storm, .index = i, .seed = g_test_rand_int () };
      threads[i] = g_thread_new ("storm", func, &members[i]);
    }
}

static void
join_threads (GThread **threads)
{
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

/* The owner */

static void
toggle_watch (Storm *storm, int index)
{
  g_autoptr (GError) error = NULL;
  const int fd = storm->pipes[index][0];

  if (storm->watched[index])
    g_assert_true (aio_guest_poller_unwatch (storm->guest->poller, fd));
  else
    aio_guest_poller_watch (storm->guest->poller, fd, G_IO_IN, &error);

  g_assert_no_error (error);
  storm->watched[index] = !storm->watched[index];
}

/* Closed while it is watched, and its number taken by the next, which is readable or not. */
static void
replace_pipe (Storm *storm, int index)
{
  if (storm->watched[index])
    toggle_watch (storm, index);

  close (storm->pipes[index][0]);
  close (storm->pipes[index][1]);
  open_pipe (storm->pipes[index]);

  if (g_test_rand_int_range (0, 4) == 0)
    g_assert_cmpint (write (storm->pipes[index][1], "", 1), ==, 1);
}

static void
change_something (Storm *storm)
{
  AioGuestRun *run = storm->guest->run;
  const int index = g_test_rand_int_range (0, N_PIPES);

  switch (g_test_rand_int_range (0, 12))
    {
    case 0:
      aio_guest_run_set_priority (run, any_priority ());
      break;
    case 1:
      aio_guest_run_set_slice (run, g_test_rand_int_range (1, 5000));
      break;
    case 2:
      aio_guest_run_set_period (run, g_test_rand_int_range (2000, 20000));
      break;
    case 3:
      toggle_watch (storm, index);
      break;
    case 4:
      replace_pipe (storm, index);
      break;
    case 5:
      aio_guest_run_wake (run);
      break;
    case 6:
      if (storm->guest->depth < MAX_DEPTH)
        g_main_context_iteration (storm->guest->context, FALSE);
      break;
    case 7:
      burn (g_test_rand_int_range (0, 1000));
      break;
    }
}

static void
storm_tick (Guest *guest)
{
  Storm *storm = guest->data;

  for (int i = 0; i < N_THREADS; i++)
    g_atomic_int_set (&storm->seen[i], g_atomic_int_get (&storm->posted[i]));

  change_something (storm);

  /* What has been posted during the change is told of by its own wake. */
  guest->answer = g_test_rand_int_range (0, 4) == 0 ? AIO_GUEST_TICK_AGAIN : AIO_GUEST_TICK_WAIT;
  guest->deadline = g_test_rand_int_range (0, 4) == 0
                        ? g_get_monotonic_time () + g_test_rand_int_range (0, 2000)
                        : -1;
}

static void
storm_begin (Storm *storm, const Variant *variant)
{
  storm->guest = guest_new (variant);
  storm->guest->on_tick = storm_tick;
  storm->guest->data = storm;
  aio_guest_run_set_reentrant (storm->guest->run, TRUE);

  for (int i = 0; i < N_PIPES; i++)
    open_pipe (storm->pipes[i]);

  guest_attach (storm->guest);
}

static void
storm_end (Storm *storm)
{
  guest_free (storm->guest);

  for (int i = 0; i < N_PIPES; i++)
    {
      close (storm->pipes[i][0]);
      close (storm->pipes[i][1]);
    }
}

static void
test_threads (const Variant *variant)
{
  Storm storm = { 0 };
  Member members[N_THREADS];
  GThread *threads[N_THREADS];
  const guint descriptors = count_descriptors ();

  storm_begin (&storm, variant);
  start_threads (&storm, storm_thread, members, threads);
  iterate_until (storm.guest->context, g_atomic_int_get (&storm.over) == N_THREADS);
  join_threads (threads);
  g_assert_cmpuint (storm.guest->finished, ==, 0);
  storm_end (&storm);

  g_assert_cmpuint (count_descriptors (), ==, descriptors);
}

/* Runs end, by themselves or from outside, in a nested tick or not, while threads wake them. */

static void
ending_tick (Guest *guest)
{
  storm_tick (guest);

  if (g_test_rand_int_range (0, 40) == 0)
    aio_guest_run_stop (guest->run);
  else if (g_test_rand_int_range (0, 40) == 0)
    guest->finish_at = 1;
}

static void
test_endings (const Variant *variant)
{
  const guint descriptors = count_descriptors ();

#ifdef __SANITIZE_THREAD__
  g_test_skip ("ThreadSanitizer does not see GLib drop its references to a source, of which "
               "that of a thread may be the last");
  return;
#endif

  for (int i = 0; i < N_ENDINGS; i++)
    {
      Storm storm = { 0 };
      Member members[N_THREADS];
      GThread *threads[N_THREADS];
      const guint turns = g_test_rand_int_range (0, 200);
      guint ticks;

      storm_begin (&storm, variant);
      storm.guest->on_tick = ending_tick;
      start_threads (&storm, wake_thread, members, threads);

      for (guint turn = 0; turn < turns && storm.guest->finished == 0; turn++)
        g_main_context_iteration (storm.guest->context, TRUE);

      aio_guest_run_stop (storm.guest->run);
      g_assert_cmpuint (storm.guest->finished, ==, 1);

      /* A wake is harmless now, and brings no tick. */
      ticks = storm.guest->ticks;
      while (g_main_context_iteration (storm.guest->context, FALSE))
        ;
      g_assert_cmpuint (storm.guest->ticks, ==, ticks);

      g_atomic_int_set (&storm.quit, TRUE);
      join_threads (threads);
      storm_end (&storm);
    }

  g_assert_cmpuint (count_descriptors (), ==, descriptors);
}

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

  add_per_variant ("/storm/%s/threads", test_threads);
  add_per_variant ("/storm/%s/endings", test_endings);

  return g_test_run ();
}
