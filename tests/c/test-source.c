/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "guest.h"

/* Wakes */

#define N_THREADS 4
#define N_WAKES 3000

typedef struct
{
  Guest *guest;
  int posted[N_THREADS]; /* atomic */
  int seen[N_THREADS];   /* atomic */
} Storm;

typedef struct
{
  Storm *storm;
  int index;
} Waker;

static gpointer
wake_thread (gpointer data)
{
  Waker *self = data;

  for (int i = 1; i <= N_WAKES; i++)
    {
      g_atomic_int_set (&self->storm->posted[self->index], i);
      aio_guest_run_wake (self->storm->guest->run);

      /* No later wake makes up for a lost one while this thread waits for it. */
      while (i % 4 == 0 && g_atomic_int_get (&self->storm->seen[self->index]) < i)
        g_thread_yield ();
    }

  return NULL;
}

static void
see_posted (Guest *guest)
{
  Storm *storm = guest->data;

  for (int i = 0; i < N_THREADS; i++)
    g_atomic_int_set (&storm->seen[i], g_atomic_int_get (&storm->posted[i]));
}

static gboolean
all_seen (Storm *storm)
{
  for (int i = 0; i < N_THREADS; i++)
    {
      if (storm->seen[i] < N_WAKES)
        return FALSE;
    }

  return TRUE;
}

static void
test_wake_storm (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  Storm storm = { guest, { 0 }, { 0 } };
  Waker wakers[N_THREADS];
  GThread *threads[N_THREADS];

  guest->on_tick = see_posted;
  guest->data = &storm;
  guest_attach (guest);

  for (int i = 0; i < N_THREADS; i++)
    {
      wakers[i] = (Waker){ &storm, i };
      threads[i] = g_thread_new ("waker", wake_thread, &wakers[i]);
    }

  iterate_until (guest->context, all_seen (&storm));

  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

static gpointer
wake_once (gpointer data)
{
  aio_guest_run_wake (data);
  return NULL;
}

static void
wake_in_tick (Guest *guest)
{
  guest->on_tick = NULL;
  g_thread_join (g_thread_new ("waker", wake_once, guest->run));
}

/* What is woken inside a tick may have come too late for it, so there must be another. */
static void
test_wake_in_tick (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest_attach (guest);
  guest_settle (guest);

  for (guint i = 0; i < 100; i++)
    {
      guint before = guest->ticks;

      guest->deadline = i % 2 == 0 ? -1 : g_get_monotonic_time () + G_TIME_SPAN_HOUR;
      guest->on_tick = wake_in_tick;
      aio_guest_run_wake (guest->run);
      g_assert_true (g_main_context_iteration (guest->context, FALSE));
      g_assert_cmpuint (guest->ticks, ==, before + 1);
      g_assert_true (g_main_context_iteration (guest->context, FALSE));
      g_assert_cmpuint (guest->ticks, ==, before + 2);
      while (g_main_context_iteration (guest->context, FALSE))
        ;
    }
}

static gboolean
peek_flag (gpointer data)
{
  Guest *guest = data;
  guint *work = guest->data;

  return *work > 0;
}

static void
take_work (Guest *guest)
{
  guint *work = guest->data;

  *work = 0;
}

static void
test_peek (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint work = 0;
  guint before;

  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest->data = &work;
  guest->on_tick = take_work;
  aio_guest_run_set_peek (guest->run, peek_flag);
  guest_attach (guest);
  guest_settle (guest);

  before = guest->ticks;
  g_main_context_iteration (guest->context, FALSE);
  g_assert_cmpuint (guest->ticks, ==, before);

  for (int i = 1; i <= 10; i++)
    {
      work = 1;
      g_assert_true (g_main_context_iteration (guest->context, FALSE));
      g_assert_cmpuint (guest->ticks, ==, before + i);
      g_assert_cmpuint (work, ==, 0);
      g_assert_false (g_main_context_iteration (guest->context, FALSE));
    }
}

/* Priorities */

static void
lower_priority (Guest *guest)
{
  aio_guest_run_set_priority (guest->run, FRAME_PRIORITY + 10);
  guest->on_tick = NULL;
}

static void
iterate_times (Guest *guest, guint n)
{
  for (guint i = 0; i < n; i++)
    g_main_context_iteration (guest->context, FALSE);
}

static void
test_priority (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint calls = 0;
  guint before;
  GSource *busy;

  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest_attach (guest);
  guest_settle (guest);
  busy = add_busy (guest->context, FRAME_PRIORITY, count_call, &calls);

  /* Below the host's, set inside a tick. */
  guest->on_tick = lower_priority;
  aio_guest_run_wake (guest->run);
  iterate_until (guest->context, guest->on_tick == NULL);
  before = guest->ticks;
  aio_guest_run_wake (guest->run);
  calls = 0;
  iterate_times (guest, 20);
  g_assert_cmpuint (guest->ticks, ==, before);
  g_assert_cmpuint (calls, ==, 20);

  /* Above it again, between ticks. */
  aio_guest_run_set_priority (guest->run, G_PRIORITY_HIGH);
  iterate_times (guest, 1);
  g_assert_cmpuint (guest->ticks, ==, before + 1);

  drop_source (busy);
}

/* What GLib polls must not outlive the source. */
static guint
count_polled (GMainContext *context)
{
  int timeout;

  return g_main_context_query (context, G_MAXINT, &timeout, NULL, 0);
}

static void
destroy_and_set_priority (Guest *guest)
{
  GSource *source = g_main_context_find_source_by_user_data (guest->context, guest->run);

  g_source_destroy (source);
  aio_guest_run_set_priority (guest->run, 7);
}

static void
test_priority_of_destroyed (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  const guint before = count_polled (guest->context);

  guest_attach (guest);
  guest_settle (guest);
  guest->on_tick = destroy_and_set_priority;
  aio_guest_run_wake (guest->run);
  iterate_until (guest->context, guest->finished == 1);

  g_assert_error (guest->error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_ABANDONED);
  g_assert_cmpuint (count_polled (guest->context), ==, before);
}

static void
test_priority_while_yielded (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint calls = 0;
  guint before;
  GSource *busy;

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest_attach (guest);
  iterate_until (guest->context, guest->dispatches >= 3);

  /* Now both its turns come after an idle callback of the host's. */
  aio_guest_run_set_priority (guest->run, G_PRIORITY_LOW);
  busy = add_busy (guest->context, G_PRIORITY_DEFAULT_IDLE + 20, count_call, &calls);
  before = guest->ticks;
  iterate_times (guest, 50);
  g_assert_cmpuint (guest->ticks, ==, before);

  /* By right again. */
  aio_guest_run_set_priority (guest->run, G_PRIORITY_DEFAULT);
  iterate_until (guest->context, guest->ticks > before);
  drop_source (busy);

  /* A run of low priority yields at that priority. */
  aio_guest_run_set_priority (guest->run, G_PRIORITY_LOW);
  before = guest->dispatches;
  iterate_until (guest->context, guest->dispatches >= before + 3);
}

/* Several runs */

static void
test_two_in_one_context (const Variant *variant)
{
  g_autoptr (Guest) first = guest_new (variant);
  g_autoptr (Guest) second = guest_new (variant);

  g_main_context_unref (second->context);
  second->context = g_main_context_ref (first->context);
  guest_attach (first);
  guest_attach (second);

  for (guint i = 1; i <= 20; i++)
    {
      guest_signal (first);
      guest_signal (second);
      iterate_until (first->context, first->events == i && second->events == i);
    }

  /* Both flood: each has its turns. */
  first->answer = second->answer = AIO_GUEST_TICK_AGAIN;
  aio_guest_run_wake (first->run);
  aio_guest_run_wake (second->run);
  first->dispatches = second->dispatches = 0;
  iterate_until (first->context, first->dispatches >= 10 && second->dispatches >= 10);
  g_assert_cmpuint (first->dispatches, <=, 4 * second->dispatches);
  g_assert_cmpuint (second->dispatches, <=, 4 * first->dispatches);

  /* One ends, the other goes on. */
  aio_guest_run_stop (first->run);
  second->dispatches = 0;
  iterate_until (first->context, second->dispatches >= 3);
}

static void
check_thread (Guest *guest)
{
  g_assert_true (g_thread_self () == guest->data);
}

static gpointer
run_in_thread (gpointer data)
{
  const Variant *variant = data;
  g_autoptr (Guest) guest = guest_new (variant);

  g_main_context_push_thread_default (guest->context);
  guest->data = g_thread_self ();
  guest->on_tick = check_thread;
  guest_attach (guest);

  for (guint i = 1; i <= 500; i++)
    {
      if (i % 2 == 0)
        guest_signal (guest);
      else
        aio_guest_run_wake (guest->run);
      iterate_until (guest->context, guest->ticks >= i && guest->events == i / 2);
    }

  g_main_context_pop_thread_default (guest->context);
  return NULL;
}

static void
test_two_contexts (const Variant *variant)
{
  GThread *thread = g_thread_new ("other", run_in_thread, (gpointer) variant);

  run_in_thread ((gpointer) variant);
  g_thread_join (thread);
}

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

  add_per_variant ("/source/%s/wake/storm", test_wake_storm);
  add_per_variant ("/source/%s/wake/in-tick", test_wake_in_tick);
  add_per_variant ("/source/%s/peek", test_peek);
  add_per_variant ("/source/%s/priority", test_priority);
  add_per_variant ("/source/%s/priority/of-destroyed", test_priority_of_destroyed);
  add_per_variant ("/source/%s/priority/while-yielded", test_priority_while_yielded);
  add_per_variant ("/source/%s/two/in-one-context", test_two_in_one_context);
  add_per_variant ("/source/%s/two/contexts", test_two_contexts);

  return g_test_run ();
}
