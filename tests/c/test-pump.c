/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "pump.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

static gboolean
is_pump_readable (AioGuestPump *pump, int timeout_ms)
{
  GPollFD fd = { aio_guest_pump_get_fd (pump), G_IO_IN, 0 };

  return g_poll (&fd, 1, timeout_ms) > 0;
}

/* What a host does: waits for the descriptor and dispatches, until it is so. */
static void
host_until (AioGuestPump *pump, const gboolean *done)
{
  while (!*done)
    {
      g_assert_true (is_pump_readable (pump, PATIENCE * 1000));
      while (aio_guest_pump_dispatch (pump) == AIO_GUEST_PUMP_RESULT_AGAIN && !*done)
        ;
    }
}

static void
assert_quiet (AioGuestPump *pump)
{
  settle (pump);
  g_assert_false (is_pump_readable (pump, QUIET_MS));
}

static gboolean
count_event (G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition, gpointer count)
{
  ++*(guint *) count;
  return G_SOURCE_CONTINUE;
}

/* The source is to be removed by drop_source(). */
static GSource *
watch (int fd, GMainContext *context, guint *count)
{
  GSource *source = g_unix_fd_source_new (fd, G_IO_IN);

  g_source_set_callback (source, G_SOURCE_FUNC (count_event), count, NULL);
  g_source_attach (source, context);

  return source;
}

static void
test_properties (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  const int fd = aio_guest_pump_get_fd (fixture->pump);

  g_assert_true (aio_guest_pump_get_main_context (fixture->pump) == fixture->context);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, !=, 0);
  g_assert_true (is_pump_readable (fixture->pump, 0));
  assert_quiet (fixture->pump);
  g_assert_cmpint (aio_guest_pump_get_fd (fixture->pump), ==, fd);
}

/* The host attaches it between dispatches. */
static void
test_idle (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  gboolean done = FALSE;

  assert_quiet (fixture->pump);
  attach (g_idle_source_new (), fixture->context, set_true, &done);
  host_until (fixture->pump, &done);
  assert_quiet (fixture->pump);
}

static void
test_timeout (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  const gint64 start = g_get_monotonic_time ();
  gboolean done = FALSE;

  attach (g_timeout_source_new (20), fixture->context, set_true, &done);
  host_until (fixture->pump, &done);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 20 * G_TIME_SPAN_MILLISECOND);
  assert_quiet (fixture->pump);
}

static void
host_by_descriptor (Fixture *fixture, const gboolean *done)
{
  host_until (fixture->pump, done);
}

static void
test_storm (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  run_storm (fixture, host_by_descriptor);
  assert_quiet (fixture->pump);
}

static void
test_descriptor (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  int fds[2];
  guint events = 0;

  open_pipe (fds);
  GSource *source = watch (fds[0], fixture->context, &events);
  assert_quiet (fixture->pump);

  for (guint i = 1; i <= 100; i++)
    {
      put (fds[1]);
      g_assert_true (is_pump_readable (fixture->pump, 0));
      aio_guest_pump_dispatch (fixture->pump);
      g_assert_cmpuint (events, ==, i);
      take (fds[0]);
      settle (fixture->pump);
    }

  put (fds[1]);
  drop_source (source);
  assert_quiet (fixture->pump);
  g_assert_cmpuint (events, ==, 100);
  close_pipe (fds);
}

/* While there is more to do, the descriptor leaves the host alone for a period, and then comes back. */
static void
test_again (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  int fds[2];
  guint events = 0, idles = 0;

  open_pipe (fds);
  put (fds[1]);
  settle (fixture->pump);
  GSource *source = watch (fds[0], fixture->context, &events);

  for (guint i = 1; i <= 3; i++)
    {
      g_assert_true (is_pump_readable (fixture->pump, PATIENCE * 1000));
      const gint64 start = g_get_monotonic_time ();
      g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_AGAIN);
      g_assert_true (is_pump_readable (fixture->pump, PATIENCE * 1000));
      g_assert_cmpint (g_get_monotonic_time () - start, >=, 5 * G_TIME_SPAN_MILLISECOND);
    }
  drop_source (source);
  assert_quiet (fixture->pump);

  source = g_idle_source_new ();
  g_source_set_callback (source, count_call, &idles, NULL);
  g_source_attach (source, fixture->context);
  g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_AGAIN);
  g_assert_true (is_pump_readable (fixture->pump, PATIENCE * 1000));
  g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_AGAIN);
  g_assert_cmpuint (idles, >, 0);
  drop_source (source);
  assert_quiet (fixture->pump);
  close_pipe (fds);
}

/* Callbacks that run a nested loop of the host's. */

typedef struct
{
  Fixture *fixture;
  guint depth;
  gboolean done;
} Nest;

static gboolean
nest (gpointer data)
{
  Nest *outer = data;

  g_assert_true (is_pump_readable (outer->fixture->pump, 0));

  if (outer->depth > 0)
    {
      Nest inner = { outer->fixture, outer->depth - 1, FALSE };

      attach (g_idle_source_new (), outer->fixture->context, nest, &inner);
      host_until (outer->fixture->pump, &inner.done);
      /* What is being dispatched is not dispatched again, and nothing else is ready. */
      assert_quiet (outer->fixture->pump);
    }

  return set_true (&outer->done);
}

static void
test_nested (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  Nest outermost = { fixture, 3, FALSE };

  attach (g_idle_source_new (), fixture->context, nest, &outermost);
  host_until (fixture->pump, &outermost.done);
  assert_quiet (fixture->pump);
}

static gboolean
destroy_pump (gpointer data)
{
  Fixture *fixture = data;

  aio_guest_pump_destroy (fixture->pump);
  aio_guest_pump_destroy (fixture->pump);
  return G_SOURCE_REMOVE;
}

static void
test_destroyed (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  gboolean done = FALSE;

  aio_guest_pump_destroy (fixture->pump);
  g_assert_cmpint (aio_guest_pump_get_fd (fixture->pump), ==, -1);
  attach (g_idle_source_new (), fixture->context, set_true, &done);
  g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_WAIT);
  g_assert_false (done);

  /* The main context is as it was. */
  while (!done)
    g_main_context_iteration (fixture->context, TRUE);
}

static void
test_destroyed_in_a_dispatch (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  attach (g_idle_source_new (), fixture->context, destroy_pump, fixture);
  while (aio_guest_pump_get_fd (fixture->pump) >= 0)
    aio_guest_pump_dispatch (fixture->pump);
  g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_WAIT);
}

static void
test_dropped_in_a_dispatch (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  attach (g_idle_source_new (), fixture->context, drop_pump, fixture);
  while (fixture->pump != NULL)
    aio_guest_pump_dispatch (fixture->pump);
}

/* The pump keeps the main context. */
static void
test_main_context_dropped (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  gboolean done = FALSE;

  attach (g_idle_source_new (), fixture->context, set_true, &done);
  g_main_context_unref (fixture->context);
  host_until (fixture->pump, &done);
  g_main_context_ref (fixture->context);
}

static void
test_forked (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  int fds[2], hold[2];
  guint events = 0;
  gboolean done = FALSE;

  open_pipe (fds);
  open_pipe (hold);
  GSource *source = watch (fds[0], fixture->context, &events);
  assert_quiet (fixture->pump);
  attach (g_idle_source_new (), fixture->context, set_true, &done);

  pid_t child = fork ();

  if (child == 0)
    {
      char byte;

      check (aio_guest_pump_dispatch (fixture->pump) == AIO_GUEST_PUMP_RESULT_WAIT);
      check (!done);
      aio_guest_pump_destroy (fixture->pump);
      /* Alive, with copies of the descriptors, until the parent has seen that it is not disturbed. */
      close (hold[1]);
      check (read (hold[0], &byte, 1) == 0);
      leave_child ();
    }

  host_until (fixture->pump, &done);
  assert_quiet (fixture->pump);
  put (fds[1]);
  g_assert_true (is_pump_readable (fixture->pump, 0));
  aio_guest_pump_dispatch (fixture->pump);
  g_assert_cmpuint (events, ==, 1);
  drop_source (source);
  assert_quiet (fixture->pump);

  close_pipe (hold);
  await_child (child);
  close_pipe (fds);
}

/* Within one turn a descriptor is closed, and its number belongs to another file. */

typedef struct
{
  int *fds;
  int *new_fds;
} Reopen;

static gboolean
reopen (gpointer data)
{
  const Reopen *self = data;

  open_pipe (self->new_fds);
  g_assert_cmpint (dup2 (self->new_fds[0], self->fds[0]), ==, self->fds[0]);
  return G_SOURCE_REMOVE;
}

static void
test_number_used_again (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  int fds[2], new_fds[2] = { -1, -1 };
  guint events = 0;
  Reopen self = { fds, new_fds };

  open_pipe (fds);
  GSource *source = watch (fds[0], fixture->context, &events);
  assert_quiet (fixture->pump);
  attach (g_idle_source_new (), fixture->context, reopen, &self);
  assert_quiet (fixture->pump);
  g_assert_cmpint (new_fds[1], >=, 0);

  put (new_fds[1]);
  g_assert_true (is_pump_readable (fixture->pump, 0));
  aio_guest_pump_dispatch (fixture->pump);
  g_assert_cmpuint (events, ==, 1);

  drop_source (source);
  close_pipe (fds);
  close_pipe (new_fds);
}

/* A descriptor is closed without a word, and another one refers to the same file. */
static void
test_closed_with_a_copy_left (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  int fds[2];
  guint events = 0;

  open_pipe (fds);
  GSource *source = watch (fds[0], fixture->context, &events);
  assert_quiet (fixture->pump);

  const int copy = dup (fds[0]);
  /* Its number belongs to a file that is never ready. */
  int quiet[2];
  open_pipe (quiet);
  g_assert_cmpint (dup2 (quiet[0], fds[0]), ==, fds[0]);
  put (fds[1]);

  g_assert_true (is_pump_readable (fixture->pump, 0));
  assert_quiet (fixture->pump);
  g_assert_cmpuint (events, ==, 0);

  drop_source (source);
  close (copy);
  close_pipe (fds);
  close_pipe (quiet);
}

/* epoll does not take it, and poll() says that it is ready. */
static void
test_regular_file (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  guint events = 0;
  g_autofree char *name = NULL;
  const int fd = g_file_open_tmp (NULL, &name, NULL);

  g_assert_cmpint (fd, >=, 0);
  assert_quiet (fixture->pump);
  GSource *source = watch (fd, fixture->context, &events);

  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (is_pump_readable (fixture->pump, PATIENCE * 1000));
      g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_AGAIN);
    }
  g_assert_cmpuint (events, >, 0);

  drop_source (source);
  assert_quiet (fixture->pump);
  close (fd);
  unlink (name);
}

/* GLib's own main loop would be as busy. */
static void
test_closed_descriptor (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  int fds[2];
  guint events = 0;

  open_pipe (fds);
  GSource *source = watch (fds[0], fixture->context, &events);
  assert_quiet (fixture->pump);
  close_pipe (fds);
  g_main_context_wakeup (fixture->context);
  g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_AGAIN);
  drop_source (source);
  assert_quiet (fixture->pump);
}

typedef struct
{
  GMainContext *context;
  GThread *thread;
  int owned[2];
  int enough[2];
} Owner;

static gpointer
own (gpointer data)
{
  const Owner *self = data;

  g_assert_true (g_main_context_acquire (self->context));
  put (self->owned[1]);
  take (self->enough[0]);
  g_main_context_release (self->context);

  return NULL;
}

static void
test_owned_by_another_thread (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  Owner owner = { .context = fixture->context };

  open_pipe (owner.owned);
  open_pipe (owner.enough);
  owner.thread = g_thread_new ("owner", own, &owner);

  take (owner.owned[0]);
  g_test_expect_message ("AioGuest", G_LOG_LEVEL_CRITICAL, "*another thread owns*");
  g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_WAIT);
  g_test_assert_expected_messages ();
  put (owner.enough[1]);
  g_thread_join (owner.thread);
  assert_quiet (fixture->pump);
  close_pipe (owner.owned);
  close_pipe (owner.enough);
}

/* Many pumps, of which nothing stays. */
static void
test_many (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  const guint n_descriptors = count_descriptors ();

  for (guint i = 0; i < 1000; i++)
    {
      Fixture other;
      gboolean done = FALSE;

      set_up (&other, NULL);
      attach (g_idle_source_new (), other.context, set_true, &done);
      host_until (other.pump, &done);
      tear_down (&other, NULL);
    }

  g_assert_cmpuint (count_descriptors (), ==, n_descriptors);
  settle (fixture->pump);
}

/* The system refuses descriptors. */
static void
test_refused (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  const rlim_t soft = exhaust_descriptors ();
  g_autoptr (GError) error = NULL;

  g_assert_null (aio_guest_pump_new (fixture->context, &error));
  g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM);
  restore_descriptors (soft);
}

/* The epoll set can't be made anew: the pump looks itself, by poll(), until it can. */
static void
test_refused_in_mid_run (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  int fds[2];
  guint events = 0;

  open_pipe (fds);
  assert_quiet (fixture->pump);

  const rlim_t soft = exhaust_descriptors ();
  GSource *source = watch (fds[0], fixture->context, &events);

  put (fds[1]);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (is_pump_readable (fixture->pump, PATIENCE * 1000));
      g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_AGAIN);
    }
  g_assert_cmpuint (events, >, 0);

  restore_descriptors (soft);
  take (fds[0]);
  assert_quiet (fixture->pump);
  drop_source (source);
  close_pipe (fds);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("properties", test_properties);
  add_test ("idle", test_idle);
  add_test ("timeout", test_timeout);
  add_test ("storm", test_storm);
  add_test ("descriptor", test_descriptor);
  add_test ("again", test_again);
  add_test ("nested", test_nested);
  add_test ("destroyed", test_destroyed);
  add_test ("destroyed-in-a-dispatch", test_destroyed_in_a_dispatch);
  add_test ("dropped-in-a-dispatch", test_dropped_in_a_dispatch);
  add_test ("main-context-dropped", test_main_context_dropped);
  add_test ("forked", test_forked);
  add_test ("number-used-again", test_number_used_again);
  add_test ("closed-with-a-copy-left", test_closed_with_a_copy_left);
  add_test ("regular-file", test_regular_file);
  add_test ("closed-descriptor", test_closed_descriptor);
  add_test ("owned-by-another-thread", test_owned_by_another_thread);
  add_test ("many", test_many);
  add_test ("refused", test_refused);
  add_test ("refused-in-mid-run", test_refused_in_mid_run);

  return g_test_run ();
}
