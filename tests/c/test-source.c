/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "guest.h"

#include <unistd.h>

#define FRAME_PRIORITY (G_PRIORITY_HIGH_IDLE + 20) /* GDK's */

/* Times are bounded by what the clock must have shown, never by how quick the machine is. */

/* Deadlines */

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

/* Slices */

static void
burn_a_quarter (G_GNUC_UNUSED Guest *guest)
{
  burn (SLICE / 4);
}

static void
test_slice (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint after;

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest->on_tick = burn_a_quarter;
  guest_attach (guest);

  for (guint i = 1; i <= 20; i++)
    {
      after = guest->ticks;
      iterate_until (guest->context, guest->ticks > after);
      g_assert_cmpuint (guest->ticks - after, >=, 1);
      g_assert_cmpuint (guest->ticks - after, <=, 4);
      g_assert_cmpuint (aio_guest_run_get_deferred_slices (guest->run), ==, i);
      g_assert_cmpint (aio_guest_run_get_busy_time (guest->run), >=, (gint64) i * SLICE);
      g_assert_cmpuint (aio_guest_run_get_ticks (guest->run), ==, guest->ticks);
    }

  /* A longer one, from the next dispatch on. */
  aio_guest_run_set_slice (guest->run, 5 * SLICE);
  after = guest->ticks;
  iterate_until (guest->context, guest->ticks > after);
  g_assert_cmpuint (guest->ticks - after, <=, 20);
  g_assert_cmpint (guest->slice_end - guest->tick_time, <=, 5 * SLICE);
}

typedef struct
{
  gint64 waited;
  gint64 worked;
} Turn;

/* A guest that has to wait for a lock at the start of each tick. */
static void
wait_then_work (Guest *guest)
{
  Turn *turn = guest->data;
  gint64 start = g_get_monotonic_time ();
  gint64 end;

  burn (3 * SLICE);
  turn->waited += g_get_monotonic_time () - start;
  end = aio_guest_run_restart_slice (guest->run);
  g_assert_cmpint (end, >, guest->slice_end);

  start = g_get_monotonic_time ();
  burn (SLICE / 4);
  turn->worked += g_get_monotonic_time () - start;
}

static void
test_restart_slice (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  Turn turn = { 0 };
  gint64 busy;

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest->on_tick = wait_then_work;
  guest->data = &turn;
  guest_attach (guest);

  for (int i = 0; i < 5; i++)
    {
      guint before = guest->ticks;
      gint64 busy_before = aio_guest_run_get_busy_time (guest->run);
      gint64 start;

      turn = (Turn){ 0 };
      start = g_get_monotonic_time ();
      iterate_until (guest->context, guest->ticks > before);

      /* The slice is for the work alone, yet it does come to an end. */
      g_assert_cmpuint (guest->ticks - before, <=, 4);
      busy = aio_guest_run_get_busy_time (guest->run) - busy_before;
      g_assert_cmpint (busy, >=, turn.worked);
      g_assert_cmpint (busy, <=, g_get_monotonic_time () - start - turn.waited);
    }
}

/* Yielding */

#define WORK 100

typedef struct
{
  Guest *guest;
  guint frames;
  guint idles;
  guint lows;
  gint64 due;
  guint dispatches_before; /* the guest's out of turn, at the last time the frame was not due */
  guint most_between;
} Host;

static gboolean
paint (gpointer data)
{
  Host *self = data;

  self->frames++;
  if (self->frames > 1)
    self->most_between =
      MAX (self->most_between, self->guest->out_of_turn - self->dispatches_before);
  self->due = g_get_monotonic_time () + 16 * 1000;
  self->dispatches_before = self->guest->out_of_turn;
  return G_SOURCE_CONTINUE;
}

static void
work_beside_host (Guest *guest)
{
  Host *host = guest->data;

  if (g_get_monotonic_time () < host->due)
    host->dispatches_before = guest->out_of_turn;
  burn (WORK);
}

static gboolean
count_idle (gpointer data)
{
  ((Host *) data)->idles++;
  return G_SOURCE_CONTINUE;
}

static gboolean
count_low (gpointer data)
{
  ((Host *) data)->lows++;
  return G_SOURCE_CONTINUE;
}

/* A guest that never rests, beside frames, an idle callback and something of low priority. */
static void
flood (Guest *guest, guint most_between)
{
  Host host = { guest };
  GSource *frame;
  GSource *idle;
  GSource *low;

  guest->data = &host;
  guest_attach (guest);

  frame = add_timeout (guest->context, 16, FRAME_PRIORITY, paint, &host);
  low = add_timeout (guest->context, 20, G_PRIORITY_LOW, count_low, &host);
  iterate_until (guest->context, host.frames >= 20 && host.lows >= 3);

  idle = add_busy (guest->context, G_PRIORITY_DEFAULT_IDLE, count_idle, &host);
  iterate_until (guest->context, host.frames >= 40 && host.idles >= 20);

  g_test_message ("%u dispatches out of turn at most before a frame that was due",
                  host.most_between);
  g_assert_cmpuint (host.most_between, <=, most_between);
  g_assert_cmpuint (guest->ticks, >=, 40);

  drop_source (idle);
  drop_source (low);
  drop_source (frame);
}

static void
test_yield (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest->on_tick = work_beside_host;
  flood (guest, 3);
}

/* As many dispatches of WORK each as it takes to use up a slice, and a few at its edges. */
#define SHORT_DISPATCHES (SLICE / WORK + 5)

/* The other kind of flood: a descriptor that is always readable. */
static void
test_yield_readable (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->leave_events = TRUE;
  guest_signal (guest);
  guest->on_tick = work_beside_host;
  flood (guest, SHORT_DISPATCHES);
}

static void
wake_and_work (Guest *guest)
{
  aio_guest_run_wake (guest->run);
  work_beside_host (guest);
}

/* A guest that wakes itself has many dispatches, all short: they add up. */
static void
test_yield_summed (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->on_tick = wake_and_work;
  flood (guest, SHORT_DISPATCHES);
}

static void
burn_two_slices (G_GNUC_UNUSED Guest *guest)
{
  burn (2 * SLICE);
}

/* From the very next turn on the host's sources come first: what has caused the last tick takes no
 * turn any more. */
static void
test_yield_at_once (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint calls = 0;
  GSource *busy;

  aio_guest_run_set_period (guest->run, G_USEC_PER_SEC * 60);
  guest_attach (guest);
  guest_settle (guest);
  guest->on_tick = burn_two_slices;
  busy = add_busy (guest->context, FRAME_PRIORITY, count_call, &calls);

  aio_guest_run_wake (guest->run);
  g_main_context_iteration (guest->context, FALSE);
  g_assert_cmpuint (calls, ==, 0);
  g_main_context_iteration (guest->context, FALSE);
  g_assert_cmpuint (calls, ==, 1);

  drop_source (busy);
}

/* Callbacks that each take longer than a period leave the host its time, too. */
static void
work_long (G_GNUC_UNUSED Guest *guest)
{
  burn (PERIOD + SLICE);
}

static void
test_yield_long_ticks (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  Host host = { guest };
  GSource *frame;
  GSource *idle;

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest->on_tick = work_long;
  guest_attach (guest);
  frame = add_timeout (guest->context, 16, FRAME_PRIORITY, paint, &host);
  idle = add_busy (guest->context, G_PRIORITY_DEFAULT_IDLE, count_idle, &host);

  while (guest->out_of_turn < 50)
    g_main_context_iteration (guest->context, TRUE);
  g_assert_cmpuint (host.frames, >=, 10);
  g_assert_cmpuint (host.idles, >=, 10);

  drop_source (idle);
  drop_source (frame);
}

static gboolean
be_busy (gpointer data)
{
  (*(guint *) data)++;
  burn (1000);
  return G_SOURCE_CONTINUE;
}

/* The other way round: a host that is always busy leaves the guest a slice in each period. */
static void
check_busy_host (Guest *guest)
{
  guint calls = 0;
  guint most = 0;
  gint64 start;
  GSource *busy;

  guest_attach (guest);
  iterate_until (guest->context, guest->ticks > 0);
  busy = add_busy (guest->context, G_PRIORITY_DEFAULT, be_busy, &calls);
  start = g_get_monotonic_time ();
  guest->dispatches = 0;

  while (guest->dispatches < 30)
    {
      guint before = guest->dispatches;

      calls = 0;
      iterate_until (guest->context, guest->dispatches > before);
      most = MAX (most, calls);
    }

  /* Each call has taken a millisecond or more; one may be going on when the time has come, one
   * may come first in the turn. */
  g_assert_cmpuint (most, <=, PERIOD / 1000 + 2);

  /* And no more than that: by right it comes once in a period. */
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 28 * PERIOD);

  drop_source (busy);
}

static void
test_busy_host (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest->on_tick = burn_a_quarter;
  check_busy_host (guest);
}

/* Hung up, the descriptor is reported although the run asks for no events while it yields. */
static void
test_hang_up_while_yielded (const Variant *variant)
{
  int fds[2];

  open_pipe (fds);
  close (fds[1]);

  {
    g_autoptr (Guest) guest = guest_new_with_fd (variant, fds[0]);

    guest->answer = AIO_GUEST_TICK_AGAIN;
    guest->on_tick = burn_a_quarter;
    check_busy_host (guest);
  }

  close (fds[0]);
}

static void
test_yield_ends (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint calls = 0;
  GSource *busy;

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest_attach (guest);
  iterate_until (guest->context, guest->dispatches >= 3);

  /* Nothing left at a turn when idle: back to its own priority. */
  guest->answer = AIO_GUEST_TICK_WAIT;
  while (g_main_context_iteration (guest->context, FALSE))
    ;
  aio_guest_run_set_slice (guest->run, NO_YIELD);
  busy = add_busy (guest->context, FRAME_PRIORITY, count_call, &calls);

  for (guint i = 1; i <= 20; i++)
    {
      guest_signal (guest);
      if (variant->mode == AIO_GUEST_POLL_MODE_DIRECT)
        {
          g_main_context_iteration (guest->context, FALSE);
          g_assert_cmpuint (guest->events, ==, i);
        }
      else
        {
          iterate_until (guest->context, guest->events == i);
        }
    }

  drop_source (busy);
}

static gboolean
wake_from_host (gpointer data)
{
  aio_guest_run_wake (((Guest *) data)->run);
  return G_SOURCE_CONTINUE;
}

/* Waking a run that has yielded does not get it a turn out of turn. */
static void
test_wake_while_yielded (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  gint64 start;
  GSource *busy;

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest_attach (guest);
  iterate_until (guest->context, guest->dispatches == 1);
  start = g_get_monotonic_time ();
  busy = add_busy (guest->context, FRAME_PRIORITY, wake_from_host, guest);
  guest->dispatches = 0;
  iterate_until (guest->context, guest->dispatches >= 10);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 8 * PERIOD);
  drop_source (busy);
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

  add_per_variant ("/source/%s/deadline", test_deadline);
  add_per_variant ("/source/%s/deadline/on-time", test_deadline_on_time);
  add_per_variant ("/source/%s/deadline/never", test_deadline_never);
  add_per_variant ("/source/%s/deadline/without-timer", test_deadline_without_timer);
  add_per_variant ("/source/%s/wake/storm", test_wake_storm);
  add_per_variant ("/source/%s/wake/in-tick", test_wake_in_tick);
  add_per_variant ("/source/%s/wake/while-yielded", test_wake_while_yielded);
  add_per_variant ("/source/%s/peek", test_peek);
  add_per_variant ("/source/%s/slice", test_slice);
  add_per_variant ("/source/%s/slice/restart", test_restart_slice);
  add_per_variant ("/source/%s/yield/again", test_yield);
  add_per_variant ("/source/%s/yield/readable", test_yield_readable);
  add_per_variant ("/source/%s/yield/summed", test_yield_summed);
  add_per_variant ("/source/%s/yield/at-once", test_yield_at_once);
  add_per_variant ("/source/%s/yield/long-ticks", test_yield_long_ticks);
  add_per_variant ("/source/%s/yield/busy-host", test_busy_host);
  add_per_variant ("/source/%s/yield/hang-up", test_hang_up_while_yielded);
  add_per_variant ("/source/%s/yield/ends", test_yield_ends);
  add_per_variant ("/source/%s/priority", test_priority);
  add_per_variant ("/source/%s/priority/of-destroyed", test_priority_of_destroyed);
  add_per_variant ("/source/%s/priority/while-yielded", test_priority_while_yielded);
  add_per_variant ("/source/%s/two/in-one-context", test_two_in_one_context);
  add_per_variant ("/source/%s/two/contexts", test_two_contexts);

  return g_test_run ();
}
