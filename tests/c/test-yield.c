/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "guest.h"

#include <unistd.h>

/* Times are bounded by what the clock must have shown, never by how quick the machine is. */

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
  /* Once more in the same tick leaves out what has come since then, and not all of it again. */
  end = aio_guest_run_restart_slice (guest->run);
  g_assert_cmpint (end - g_get_monotonic_time (), <=, aio_guest_run_get_slice (guest->run));

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

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

  add_per_variant ("/source/%s/wake/while-yielded", test_wake_while_yielded);
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

  return g_test_run ();
}
