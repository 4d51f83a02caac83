/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "guest.h"

#include <unistd.h>

/* Main loops inside a tick: a dialog that the guest opens, say. */

#define NESTED_MS 30

typedef struct
{
  guint turns;         /* of the nested main loop */
  guint ticks_inside;  /* nested in the tick */
  gint64 host_time;    /* spent in the nested main loop's poll, at least */
} Nest;

static gboolean
set_flag (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

/* Iterates for NESTED_MS, and says how often. */
static guint
iterate_for_a_while (Guest *guest)
{
  gboolean over = FALSE;
  guint turns = 0;
  GSource *timeout = add_timeout (guest->context, NESTED_MS, 0, set_flag, &over);

  while (!over)
    {
      g_main_context_iteration (guest->context, TRUE);
      turns++;
    }

  drop_source (timeout);
  return turns;
}

static void
nest_resting (Guest *guest)
{
  Nest *nest = guest->data;
  guint ticks = guest->ticks;

  guest->on_tick = NULL;
  aio_guest_run_wake (guest->run);
  nest->turns = iterate_for_a_while (guest);
  nest->ticks_inside = guest->ticks - ticks;
}

/* A guest that is not re-entrant rests: whatever there is to do for it must neither tick it nor
 * keep the nested main loop from sleeping. */
static void
check_resting (Guest *guest, Nest *nest)
{
  guest->on_tick = nest_resting;
  guest->data = nest;
  nest->turns = 0;
  aio_guest_run_wake (guest->run);
  iterate_until (guest->context, nest->turns > 0);

  g_test_message ("%u turns", nest->turns);
  g_assert_cmpuint (nest->ticks_inside, ==, 0);
  g_assert_cmpuint (guest->max_depth, ==, 1);
  g_assert_cmpuint (nest->turns, <=, 6);
}

static void
test_rests (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  Nest nest = { 0 };
  guint before;

  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest_attach (guest);
  guest_settle (guest);

  /* Readable, overdue, and woken, all at once. */
  guest->leave_events = TRUE;
  guest_signal (guest);
  guest->deadline = g_get_monotonic_time ();
  check_resting (guest, &nest);

  /* Only overdue; the deadline was set by the tick before. */
  guest->leave_events = FALSE;
  iterate_until (guest->context, guest->events == 1);
  check_resting (guest, &nest);

  /* What came meanwhile is seen when the nested loop is over. */
  guest->deadline = -1;
  before = guest->ticks;
  iterate_until (guest->context, guest->ticks > before);
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 2);
}

/* Having yielded, and called by the idle source. */
static void
test_rests_yielded (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  Nest nest = { 0 };

  guest_attach (guest);
  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest->leave_events = TRUE;
  guest_signal (guest);
  iterate_until (guest->context, guest->dispatches >= 3);
  check_resting (guest, &nest);
  guest->dispatches = 0;
  iterate_until (guest->context, guest->dispatches >= 3);
}

static void
test_rests_hung_up (const Variant *variant)
{
  int fds[2];

  open_pipe (fds);

  {
    g_autoptr (Guest) guest = guest_new_with_fd (variant, fds[0]);
    Nest nest = { 0 };
    guint before;

    guest_attach (guest);
    guest_settle (guest);
    close (fds[1]);
    check_resting (guest, &nest);
    before = guest->ticks;
    iterate_until (guest->context, guest->ticks > before);
  }

  close (fds[0]);
}

/* A guest that is re-entrant, but does not want to go on in this nested main loop. */
static void
rest_if_nested (Guest *guest)
{
  guest->answer = guest->depth > 1 ? AIO_GUEST_TICK_REST : AIO_GUEST_TICK_WAIT;
}

static void
nest_and_rest (Guest *guest)
{
  Nest *nest = guest->data;
  guint ticks = guest->ticks;

  rest_if_nested (guest);
  if (guest->depth > 1 || nest->turns > 0)
    return;

  nest->turns = iterate_for_a_while (guest);
  nest->ticks_inside = guest->ticks - ticks;

  /* Signals of the guest's process, say. */
  ticks = guest->ticks;
  aio_guest_run_wake (guest->run);
  iterate_until (guest->context, guest->ticks > ticks);
  g_assert_cmpuint (iterate_for_a_while (guest), <=, 6);
  g_assert_cmpuint (guest->ticks, ==, ticks + 1);
  rest_if_nested (guest);
}

static void
test_wants_rest (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  Nest nest = { 0 };
  guint before;

  aio_guest_run_set_reentrant (guest->run, TRUE);
  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest_attach (guest);
  guest_settle (guest);

  /* Readable and overdue. */
  guest->on_tick = nest_and_rest;
  guest->data = &nest;
  guest->leave_events = TRUE;
  guest->deadline = g_get_monotonic_time ();
  guest_signal (guest);
  iterate_until (guest->context, nest.turns > 0);

  g_test_message ("%u turns", nest.turns);
  g_assert_cmpuint (nest.ticks_inside, ==, 1);
  g_assert_cmpuint (nest.turns, <=, 6);

  /* It was not woken since, but the nested main loop is over. */
  before = guest->ticks;
  iterate_until (guest->context, guest->ticks > before);
  guest->leave_events = FALSE;
  guest->deadline = -1;
  iterate_until (guest->context, guest->events == 1);
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 2);
}

/* The same in a main loop that a callback of the host nests. What the guest waits for comes there: it
 * is seen to afterwards. */
typedef struct
{
  Guest *guest;
  guint turns;
  guint ticks;
} RestingDialog;

static void
rest_in_dialog (Guest *guest)
{
  RestingDialog *self = guest->data;

  const gboolean nested = g_main_depth () > 1;

  guest->answer = nested ? AIO_GUEST_TICK_REST : AIO_GUEST_TICK_WAIT;
  if (nested)
    self->ticks++;
}

static gboolean
open_resting_dialog (gpointer data)
{
  RestingDialog *self = data;

  self->guest->leave_events = TRUE;
  guest_signal (self->guest);
  self->turns = iterate_for_a_while (self->guest);
  self->guest->leave_events = FALSE;
  return G_SOURCE_REMOVE;
}

static void
test_rests_in_dialog (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  RestingDialog dialog = { guest, 0, 0 };
  guint before;
  gint64 deadline;
  GSource *source;

  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest->on_tick = rest_in_dialog;
  guest->data = &dialog;
  guest_attach (guest);
  guest_settle (guest);

  /* Due in the dialog; the tick that sets it is the last one before. */
  guest->deadline = deadline = g_get_monotonic_time () + NESTED_MS * 500;
  before = guest->ticks;
  aio_guest_run_wake (guest->run);
  iterate_until (guest->context, guest->ticks > before);
  guest->deadline = -1;

  source = add_busy (guest->context, G_PRIORITY_HIGH, open_resting_dialog, &dialog);
  iterate_until (guest->context, dialog.turns > 0);
  g_assert_cmpuint (dialog.ticks, ==, 1);
  g_assert_cmpuint (dialog.turns, <=, 6);

  iterate_until (guest->context, guest->events == 1 && guest->tick_time >= deadline);
  drop_source (source);
}

static gboolean
always (G_GNUC_UNUSED gpointer data)
{
  return TRUE;
}

static void
test_rests_with_peek (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  Nest nest = { 0 };

  aio_guest_run_set_peek (guest->run, always);
  guest_attach (guest);
  check_resting (guest, &nest);
}

/* A host's callback that nests a main loop is no tick: the guest goes on. */
typedef struct
{
  Guest *guest;
  guint events;
} Dialog;

static gboolean
open_dialog (gpointer data)
{
  Dialog *self = data;

  guest_signal (self->guest);
  iterate_until (self->guest->context, self->guest->events == 1);
  self->events = (guint) self->guest->events;
  return G_SOURCE_REMOVE;
}

static void
test_host_nests (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  Dialog dialog = { guest, 0 };
  GSource *source;

  guest_attach (guest);
  source = add_busy (guest->context, 0, open_dialog, &dialog);
  iterate_until (guest->context, dialog.events == 1);
  g_assert_cmpuint (guest->max_depth, ==, 1);
  drop_source (source);
}

/* Re-entrant guests */

static void
nest_going_on (Guest *guest)
{
  Nest *nest = guest->data;
  guint before;
  gint64 deadline;

  if (guest->depth > 1)
    return;

  /* By a descriptor, by a wake, by a deadline, and by work left. */
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);

  aio_guest_run_wake (guest->run);
  before = guest->ticks;
  iterate_until (guest->context, guest->ticks > before);

  guest->deadline = deadline = g_get_monotonic_time () + 5000;
  aio_guest_run_wake (guest->run);
  before = guest->ticks;
  iterate_until (guest->context, guest->ticks > before);
  guest->deadline = -1;
  iterate_until (guest->context, guest->tick_time >= deadline);

  guest->answer = AIO_GUEST_TICK_AGAIN;
  aio_guest_run_wake (guest->run);
  guest->dispatches = 0;
  iterate_until (guest->context, guest->dispatches >= 5);

  guest->answer = AIO_GUEST_TICK_WAIT;
  guest->on_tick = NULL;
  nest->turns = 1;
}

static void
test_goes_on (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  Nest nest = { 0 };

  aio_guest_run_set_reentrant (guest->run, TRUE);
  guest->on_tick = nest_going_on;
  guest->data = &nest;
  guest_attach (guest);
  iterate_until (guest->context, nest.turns > 0);
  g_assert_cmpuint (guest->max_depth, ==, 2);

  /* And afterwards. */
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 2);
}

/* In a tick that a descriptor has caused, there is no other reason for one below it. */
static void
nest_for_event (Guest *guest)
{
  if (guest->depth > 1 || guest->events == 0)
    return;

  guest->on_tick = NULL;
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 2);
}

static void
test_event_below (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  aio_guest_run_set_reentrant (guest->run, TRUE);
  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest->on_tick = nest_for_event;
  guest_attach (guest);
  guest_settle (guest);

  guest_signal (guest);
  iterate_until (guest->context, guest->events > 0);
  g_assert_cmpuint (guest->events, ==, 2);
  g_assert_cmpuint (guest->max_depth, ==, 2);
}

/* GMainLoops in ticks in GMainLoops in ticks. */
static gboolean
quit_loop (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static void
nest_deeper (Guest *guest)
{
  g_autoptr (GMainLoop) loop = NULL;
  GSource *timeout;

  if (guest->depth >= 5)
    {
      guest->on_tick = NULL;
      return;
    }

  loop = g_main_loop_new (guest->context, FALSE);
  timeout = add_timeout (guest->context, 5, 0, quit_loop, loop);
  aio_guest_run_wake (guest->run);
  g_main_loop_run (loop);
  drop_source (timeout);
}

static void
test_deep (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  aio_guest_run_set_reentrant (guest->run, TRUE);
  guest->on_tick = nest_deeper;
  guest_attach (guest);
  iterate_until (guest->context, guest->on_tick == NULL);
  g_assert_cmpuint (guest->max_depth, ==, 5);
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);
}

/* Time */

static void
nest_and_measure (Guest *guest)
{
  Nest *nest = guest->data;
  gboolean over = FALSE;
  GSource *timeout;
  gint64 inside;

  guest->on_tick = NULL;
  burn (1000);

  /* The first turn is seen by the source; from then on it's the host's time. */
  g_main_context_iteration (guest->context, FALSE);
  inside = g_get_monotonic_time ();
  timeout = add_timeout (guest->context, NESTED_MS, 0, set_flag, &over);
  while (!over)
    g_main_context_iteration (guest->context, TRUE);
  drop_source (timeout);
  nest->host_time = g_get_monotonic_time () - inside;

  burn (1000);
}

/* What the host does, or sleeps, in a main loop nested in a tick is not the guest's time. */
static void
check_busy_time (Guest *guest, GuestFunc on_tick)
{
  Nest nest = { 0 };
  gint64 busy;
  gint64 start;

  guest_settle (guest);
  busy = aio_guest_run_get_busy_time (guest->run);
  guest->on_tick = on_tick;
  guest->data = &nest;
  aio_guest_run_wake (guest->run);

  start = g_get_monotonic_time ();
  while (guest->on_tick != NULL)
    g_main_context_iteration (guest->context, TRUE);
  busy = aio_guest_run_get_busy_time (guest->run) - busy;

  /* The timeout's own callback, the last in the nested loop, can't be told from the guest. */
  g_test_message ("busy %" G_GINT64_FORMAT " us", busy);
  g_assert_cmpint (busy, <=, g_get_monotonic_time () - start - NESTED_MS * 1000);
}

static void
test_busy_time (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest_attach (guest);
  check_busy_time (guest, nest_and_measure);
  g_assert_cmpint (aio_guest_run_get_busy_time (guest->run), >=, 2000);

  /* So it's no reason to yield, either. */
  g_assert_cmpuint (aio_guest_run_get_deferred_slices (guest->run), ==, 0);
}

static void
test_busy_time_reentrant (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  aio_guest_run_set_reentrant (guest->run, TRUE);
  aio_guest_run_set_slice (guest->run, NO_YIELD);
  guest_attach (guest);
  check_busy_time (guest, nest_and_measure);
  g_assert_cmpint (aio_guest_run_get_busy_time (guest->run), >=, 2000);
}

/* The slice is begun anew after a nested loop: the host's time must not be counted backwards. */
static void
nest_then_restart (Guest *guest)
{
  nest_and_measure (guest);
  burn (5000);
  aio_guest_run_restart_slice (guest->run);
}

static void
test_restart_after (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  Nest nest = { 0 };
  gint64 busy;
  gint64 start;

  guest_attach (guest);
  guest_settle (guest);
  busy = aio_guest_run_get_busy_time (guest->run);
  guest->on_tick = nest_then_restart;
  guest->data = &nest;
  aio_guest_run_wake (guest->run);
  start = g_get_monotonic_time ();
  while (guest->on_tick != NULL)
    g_main_context_iteration (guest->context, TRUE);
  busy = aio_guest_run_get_busy_time (guest->run) - busy;
  g_assert_cmpint (busy, <=, g_get_monotonic_time () - start - NESTED_MS * 1000 - 7000);
}

/* Ending inside */

static void
nest_and_stop (Guest *guest)
{
  if (guest->depth == 1)
    {
      aio_guest_run_wake (guest->run);
      iterate_until (guest->context, guest->max_depth == 2);

      /* Over, but not finished: this tick goes on. */
      g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_FINISHED);
      g_assert_cmpint (aio_guest_run_restart_slice (guest->run), ==, 0);
      iterate_for_a_while (guest);
      guest->on_tick = NULL;
    }
  else
    {
      aio_guest_run_stop (guest->run);
    }

  g_assert_cmpuint (guest->finished, ==, 0);
  g_assert_cmpuint (guest->destroyed, ==, 0);
}

static void
test_stop (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  aio_guest_run_set_reentrant (guest->run, TRUE);
  guest->on_tick = nest_and_stop;
  guest_attach (guest);
  iterate_until (guest->context, guest->on_tick == NULL);
  g_assert_cmpuint (guest->ticks, ==, 2);
  g_assert_cmpuint (guest->finished, ==, 1);
  g_assert_cmpuint (guest->destroyed, ==, 1);
  g_assert_no_error (guest->error);
}

static void
nest_and_finish (Guest *guest)
{
  if (guest->depth == 1)
    {
      aio_guest_run_wake (guest->run);
      iterate_until (guest->context, guest->max_depth == 2);
      iterate_for_a_while (guest);
      g_assert_cmpuint (guest->ticks, ==, 2);
      g_assert_cmpuint (guest->finished, ==, 0);
      guest->on_tick = NULL;
    }
}

/* A nested tick says that the guest has come to its end. */
static void
test_finish (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  aio_guest_run_set_reentrant (guest->run, TRUE);
  guest->on_tick = nest_and_finish;
  guest->finish_at = 2;
  guest_attach (guest);
  iterate_until (guest->context, guest->on_tick == NULL);
  g_assert_cmpuint (guest->finished, ==, 1);
  g_assert_cmpuint (guest->destroyed, ==, 1);
}

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

  add_per_variant ("/nested/%s/rests", test_rests);
  add_per_variant ("/nested/%s/rests/yielded", test_rests_yielded);
  add_per_variant ("/nested/%s/rests/hung-up", test_rests_hung_up);
  add_per_variant ("/nested/%s/rests/peek", test_rests_with_peek);
  add_per_variant ("/nested/%s/rests/at-will", test_wants_rest);
  add_per_variant ("/nested/%s/rests/in-dialog", test_rests_in_dialog);
  add_per_variant ("/nested/%s/host-nests", test_host_nests);
  add_per_variant ("/nested/%s/goes-on", test_goes_on);
  add_per_variant ("/nested/%s/event-below", test_event_below);
  add_per_variant ("/nested/%s/deep", test_deep);
  add_per_variant ("/nested/%s/busy-time", test_busy_time);
  add_per_variant ("/nested/%s/busy-time/reentrant", test_busy_time_reentrant);
  add_per_variant ("/nested/%s/busy-time/restart", test_restart_after);
  add_per_variant ("/nested/%s/stop", test_stop);
  add_per_variant ("/nested/%s/finish", test_finish);

  return g_test_run ();
}
