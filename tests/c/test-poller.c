/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "aio-guest-run-private.h"
#include "guest.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* How long a wrong report would have to show itself: the right outcome is that nothing comes. */
#define QUIET_MS 30

static void
close_pipe (int fds[2])
{
  close (fds[0]);
  close (fds[1]);
}

static void
test_accessors (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  g_assert_cmpint (aio_guest_poller_get_fd (guest->poller), ==, guest->epoll_fd);
  g_assert_cmpint (aio_guest_poller_get_mode (guest->poller), ==, variant->mode);
  g_assert_true (aio_guest_run_get_poller (guest->run) == guest->poller);
  g_assert_cmpint (aio_guest_run_get_poll_mode (guest->run), ==, variant->mode);
}

static void
test_readable (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  guest_settle (guest);

  for (guint i = 1; i <= 100; i++)
    {
      guest_signal (guest);
      iterate_until (guest->context, guest->events == i);
    }
}

/* Readable before the run begins. */
static void
test_readable_before (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_signal (guest);
  guest_signal (guest);
  guest_attach (guest);
  iterate_until (guest->context, guest->events == 2);
}

typedef struct
{
  Guest *guest;
  int *left;
} Signaller;

static gpointer
signal_thread (gpointer data)
{
  Signaller *self = data;

  while (g_atomic_int_add (self->left, -1) > 0)
    guest_signal (self->guest);

  return NULL;
}

static void
test_storm (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  GThread *threads[4];
  int left = 20000;
  Signaller signaller = { guest, &left };

  guest_attach (guest);

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("storm", signal_thread, &signaller);

  iterate_until (guest->context, guest->events == 20000);

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* A timerfd as the backend descriptor itself. */
static void
test_timerfd (const Variant *variant)
{
  const struct itimerspec soon = { .it_value = { .tv_nsec = 2000000 } };
  int fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  guint64 expirations;

  g_assert_cmpint (fd, >=, 0);

  {
    g_autoptr (Guest) guest = guest_new_with_fd (variant, fd);
    gint64 start;

    guest_attach (guest);
    guest_settle (guest);
    guest->ticks = 0;

    start = g_get_monotonic_time ();
    g_assert_cmpint (timerfd_settime (fd, 0, &soon, NULL), ==, 0);
    iterate_until (guest->context, guest->ticks > 0);
    g_assert_cmpint (guest->tick_time - start, >=, 2000);
    g_assert_cmpint (read (fd, &expirations, sizeof expirations), ==, sizeof expirations);
  }

  close (fd);
}

/* The thread reports an event once, and not again before it is armed. */
static void
check_parked (AioGuestWakeupKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AioGuestPoller) poller = NULL;
  g_autofree GPollFD *ready = NULL;
  guint n_ready;
  int fds[2];
  char byte;

  open_pipe (fds);
  poller = aio_guest_poller_new_full (fds[0], AIO_GUEST_POLL_MODE_THREAD, kind, &error);
  g_assert_no_error (error);
  ready = aio_guest_poller_dup_poll_fds (poller, &n_ready);
  g_assert_cmpuint (n_ready, ==, 1);
  g_assert_cmpint (ready->fd, !=, fds[0]);
  g_assert_cmpint (ready->events, ==, G_IO_IN);

  aio_guest_poller_start (poller, &error);
  g_assert_no_error (error);

  g_assert_cmpint (write (fds[1], "x", 1), ==, 1);

  /* Not armed yet. */
  g_assert_cmpint (g_poll (ready, 1, QUIET_MS), ==, 0);

  for (int i = 0; i < 3; i++)
    {
      aio_guest_poller_arm (poller);
      g_assert_cmpint (g_poll (ready, 1, PATIENCE * 1000), ==, 1);

      g_assert_true (aio_guest_poller_begin (poller, ready->revents, &error));
      g_assert_no_error (error);

      /* The tick goes on; the descriptor is readable still. */
      g_assert_cmpint (g_poll (ready, 1, QUIET_MS), ==, 0);
    }

  g_assert_cmpint (read (fds[0], &byte, 1), ==, 1);
  aio_guest_poller_arm (poller);
  aio_guest_poller_arm (poller);
  g_assert_cmpint (g_poll (ready, 1, QUIET_MS), ==, 0);

  /* Stopped, and started again. */
  aio_guest_poller_stop (poller);
  aio_guest_poller_stop (poller);
  g_assert_cmpint (write (fds[1], "x", 1), ==, 1);
  aio_guest_poller_arm (poller);
  g_assert_cmpint (g_poll (ready, 1, QUIET_MS), ==, 0);
  aio_guest_poller_start (poller, &error);
  g_assert_no_error (error);
  aio_guest_poller_arm (poller);
  g_assert_cmpint (g_poll (ready, 1, PATIENCE * 1000), ==, 1);

  g_clear_object (&poller);
  close_pipe (fds);
}

static void
test_parked (const Variant *variant)
{
  if (variant->mode == AIO_GUEST_POLL_MODE_THREAD)
    check_parked (variant->kind);
  else
    g_test_skip ("there is no thread to park");
}

/* In a tick that takes its time the readable descriptor wakes nobody. */
static void
iterate_nested (Guest *guest)
{
  guint *nested = guest->data;
  guint over = 0;
  GSource *timeout = add_timeout (guest->context, QUIET_MS, 0, count_call, &over);

  while (over == 0)
    {
      g_main_context_iteration (guest->context, TRUE);
      (*nested)++;
    }

  drop_source (timeout);
  guest->on_tick = NULL;
}

static void
test_quiet_during_tick (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint nested = 0;

  guest_attach (guest);
  guest_settle (guest);

  guest->leave_events = TRUE;
  guest->on_tick = iterate_nested;
  guest->data = &nested;
  guest_signal (guest);
  iterate_until (guest->context, nested > 0);
  g_assert_cmpuint (nested, <=, 5);

  guest->leave_events = FALSE;
  iterate_until (guest->context, guest->events == 1);
}

/* Watching */

typedef struct
{
  AioGuestPoller *poller;
  int fds[2];
  guint bytes;
} PipeGuest;

static AioGuestTick
pipe_tick (G_GNUC_UNUSED AioGuestRun *run,
           G_GNUC_UNUSED gint64 slice_end,
           G_GNUC_UNUSED gint64 *next_ready_time,
           gpointer user_data,
           G_GNUC_UNUSED GError **error)
{
  PipeGuest *self = user_data;
  char byte;

  while (is_readable (self->fds[0]) && read (self->fds[0], &byte, 1) == 1)
    self->bytes++;

  return AIO_GUEST_TICK_WAIT;
}

/* A guest without a backend descriptor, whose descriptors come and go between ticks: a host's
 * callback changes them while the thread of THREAD mode is in poll(). */
static void
test_watch (const Variant *variant)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (AioGuestRun) run = NULL;
  g_autoptr (GError) error = NULL;
  PipeGuest self = { 0 };
  GSource *quiet;
  guint waited = 0;

  open_pipe (self.fds);
  self.poller = aio_guest_poller_new_full (-1, variant->mode, variant->kind, &error);
  g_assert_no_error (error);
  g_assert_cmpint (aio_guest_poller_get_fd (self.poller), ==, -1);
  run = aio_guest_run_new (self.poller, pipe_tick, &self, NULL);
  aio_guest_run_attach (run, context, &error);
  g_assert_no_error (error);
  iterate_until (context, aio_guest_run_get_ticks (run) == 1);
  while (g_main_context_iteration (context, FALSE))
    ;

  /* Not watched, not noticed. */
  g_assert_false (aio_guest_poller_unwatch (self.poller, self.fds[0]));
  g_assert_cmpint (write (self.fds[1], "x", 1), ==, 1);
  quiet = add_timeout (context, QUIET_MS, 0, count_call, &waited);
  iterate_until (context, waited == 1);
  g_assert_cmpuint (self.bytes, ==, 0);

  /* Watched, without a tick in between to tell the thread. */
  g_assert_true (aio_guest_poller_watch (self.poller, self.fds[0], G_IO_IN, &error));
  g_assert_no_error (error);
  iterate_until (context, self.bytes == 1);

  /* Again: nothing changes. */
  g_assert_true (aio_guest_poller_watch (self.poller, self.fds[0], G_IO_IN, &error));
  g_assert_cmpint (write (self.fds[1], "x", 1), ==, 1);
  iterate_until (context, self.bytes == 2);
  while (g_main_context_iteration (context, FALSE))
    ;

  /* Watched for something else. */
  g_assert_true (aio_guest_poller_watch (self.poller, self.fds[0], G_IO_PRI, &error));
  g_assert_cmpint (write (self.fds[1], "x", 1), ==, 1);
  waited = 0;
  iterate_until (context, waited == 1);
  g_assert_cmpuint (self.bytes, ==, 2);
  g_assert_true (aio_guest_poller_watch (self.poller, self.fds[0], G_IO_IN, &error));
  iterate_until (context, self.bytes == 3);
  while (g_main_context_iteration (context, FALSE))
    ;

  /* And no longer. */
  g_assert_true (aio_guest_poller_unwatch (self.poller, self.fds[0]));
  g_assert_cmpint (write (self.fds[1], "x", 1), ==, 1);
  waited = 0;
  iterate_until (context, waited == 1);
  g_assert_cmpuint (self.bytes, ==, 3);

  drop_source (quiet);
  aio_guest_run_stop (run);
  g_object_unref (self.poller);
  close_pipe (self.fds);
}

/* Closed, and used for another file, between two ticks. */
static void
test_number_used_again (const Variant *variant)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (AioGuestRun) run = NULL;
  g_autoptr (GError) error = NULL;
  PipeGuest self = { 0 };
  int other[2];

  open_pipe (self.fds);
  open_pipe (other);
  self.poller = aio_guest_poller_new_full (-1, variant->mode, variant->kind, &error);
  g_assert_no_error (error);
  run = aio_guest_run_new (self.poller, pipe_tick, &self, NULL);
  aio_guest_run_attach (run, context, &error);
  g_assert_no_error (error);

  g_assert_true (aio_guest_poller_watch (self.poller, self.fds[0], G_IO_IN, &error));
  g_assert_cmpint (write (self.fds[1], "x", 1), ==, 1);
  iterate_until (context, self.bytes == 1);
  while (g_main_context_iteration (context, FALSE))
    ;
  if (variant->mode == AIO_GUEST_POLL_MODE_THREAD)
    await_polling_thread ();

  g_assert_cmpint (dup2 (other[0], self.fds[0]), ==, self.fds[0]);
  g_assert_true (aio_guest_poller_watch (self.poller, self.fds[0], G_IO_IN, &error));
  g_assert_no_error (error);
  g_assert_cmpint (write (other[1], "x", 1), ==, 1);
  iterate_until (context, self.bytes == 2);

  aio_guest_run_stop (run);
  g_object_unref (self.poller);
  close_pipe (self.fds);
  close_pipe (other);
}

/* The guest hears of a descriptor that is closed: only its backend can't be done without. */
static void
test_closed_beside (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  g_autoptr (GError) error = NULL;
  int fds[2];
  guint before;

  open_pipe (fds);
  g_assert_true (aio_guest_poller_unwatch (guest->poller, guest->epoll_fd));
  g_assert_true (aio_guest_poller_watch (guest->poller, fds[0], G_IO_IN, &error));
  guest_attach (guest);
  guest_settle (guest);

  before = guest->ticks;
  close_pipe (fds);
  aio_guest_run_wake (guest->run);
  iterate_until (guest->context, guest->ticks > before + 2);
  g_assert_cmpuint (guest->finished, ==, 0);
}

/* A signal that the process waits for is not the polling thread's to take: here it would be the
 * end. */
static void
test_signals (const Variant *variant)
{
  const struct timespec minute = { .tv_sec = 60 };
  g_autoptr (Guest) guest = guest_new (variant);
  sigset_t awaited, before;

  guest_attach (guest);
  guest_settle (guest);

  sigemptyset (&awaited);
  sigaddset (&awaited, SIGUSR1);
  g_assert_cmpint (pthread_sigmask (SIG_BLOCK, &awaited, &before), ==, 0);
  g_assert_cmpint (kill (getpid (), SIGUSR1), ==, 0);
  g_assert_cmpint (sigtimedwait (&awaited, NULL, &minute), ==, SIGUSR1);
  g_assert_cmpint (pthread_sigmask (SIG_SETMASK, &before, NULL), ==, 0);

  /* The owner's own mask is what it was. */
  g_assert_cmpint (sigismember (&before, SIGUSR1), ==, 0);
}

/* A writable descriptor beside a backend descriptor. */
static void
test_watch_beside (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  g_autoptr (GError) error = NULL;
  int fds[2];
  guint before;

  open_pipe (fds);
  guest_attach (guest);
  guest_settle (guest);

  before = guest->ticks;
  g_assert_true (aio_guest_poller_watch (guest->poller, fds[1], G_IO_OUT, &error));
  iterate_until (guest->context, guest->ticks > before + 3);

  /* Closed first, as guests do. */
  close_pipe (fds);
  g_assert_true (aio_guest_poller_unwatch (guest->poller, fds[1]));
  while (g_main_context_iteration (guest->context, FALSE))
    ;

  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);
}

/* What can't be watched */

static void
test_refused (const Variant *variant)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (AioGuestPoller) poller = NULL;
  int file = g_file_open_tmp (NULL, &path, &error);
  int directory;
  int closed;
  const int *refused[] = { &file, &directory, &closed };

  g_assert_no_error (error);
  unlink (path);
  directory = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (directory, >=, 0);
  poller = aio_guest_poller_new_full (-1, variant->mode, variant->kind, &error);
  g_assert_no_error (error);
  closed = dup (file);
  close (closed);

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *number = g_strdup_printf ("%d", *refused[i]);

      g_assert_null (aio_guest_poller_new_full (*refused[i], variant->mode, variant->kind,
                                                &error));
      g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_NOT_POLLABLE);
      g_assert_nonnull (strstr (error->message, number));
      g_clear_error (&error);

    }

  /* Beside the backend a file may be watched, as poll() may be asked of one; but not nothing. */
  g_assert_true (aio_guest_poller_watch (poller, file, G_IO_IN, &error));
  g_assert_no_error (error);
  g_assert_true (aio_guest_poller_unwatch (poller, file));
  g_assert_false (aio_guest_poller_watch (poller, closed, G_IO_IN, &error));
  g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_NOT_POLLABLE);
  g_clear_error (&error);
  g_assert_false (aio_guest_poller_unwatch (poller, closed));

  close (file);
  close (directory);
}

static void
test_closed_behind_our_back (const Variant *variant)
{
  int fds[2];
  guint ticks;

  open_pipe (fds);

  {
    g_autoptr (Guest) guest = guest_new_with_fd (variant, fds[0]);

    guest_attach (guest);
    guest_settle (guest);
    ticks = guest->ticks;

    /* The thread of THREAD mode holds on to the file while it waits; the writer's going away is
     * what it then sees. */
    close (fds[0]);
    close (fds[1]);

    iterate_until (guest->context, guest->finished == 1);
    g_assert_error (guest->error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_NOT_POLLABLE);
    g_assert_error (aio_guest_run_get_error (guest->run), AIO_GUEST_ERROR,
                    AIO_GUEST_ERROR_NOT_POLLABLE);
    g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_FINISHED);
    g_assert_cmpuint (guest->ticks, <=, ticks + 2);
  }
}

/* Nothing else could wake the guest. */
static void
test_wakeup_closed (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  guint ticks;
  int fd;

  guest_attach (guest);
  guest_settle (guest);
  ticks = guest->ticks;
  fd = aio_guest_wakeup_get_fd (aio_guest_run_wakeup (guest->run));
  close (fd);

  iterate_until (guest->context, guest->finished == 1);
  g_assert_error (guest->error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM);
  g_assert_cmpuint (guest->ticks, ==, ticks);
}

/* EOF of the backend descriptor itself: an event as long as the guest does not see to it. */
static void
test_hang_up (const Variant *variant)
{
  int fds[2];

  open_pipe (fds);

  {
    g_autoptr (Guest) guest = guest_new_with_fd (variant, fds[0]);
    guint before;

    guest_attach (guest);
    guest_settle (guest);
    before = guest->ticks;
    close (fds[1]);
    iterate_until (guest->context, guest->ticks > before + 5);
  }

  close (fds[0]);
}

/* Nothing is left behind */

static void
test_cycles (const Variant *variant)
{
  guint n_fds = count_descriptors ();
  guint n_threads = count_threads ();

  for (int i = 0; i < 200; i++)
    {
      g_autoptr (Guest) guest = guest_new (variant);

      guest_attach (guest);
      if (i % 3 == 0)
        guest_settle (guest);
      if (i % 2 == 0)
        guest_signal (guest);
    }

  g_assert_cmpuint (count_descriptors (), ==, n_fds);
  g_assert_cmpuint (count_threads (), ==, n_threads);
}

static void
test_n_threads (const Variant *variant)
{
  guint n_threads = count_threads ();

  {
    g_autoptr (Guest) guest = guest_new (variant);

    g_assert_cmpuint (count_threads (), ==, n_threads);
    guest_attach (guest);
    g_assert_cmpuint (count_threads (), ==,
                      n_threads + (variant->mode == AIO_GUEST_POLL_MODE_THREAD ? 1 : 0));
    aio_guest_run_stop (guest->run);
    g_assert_cmpuint (count_threads (), ==, n_threads);
  }
}

/* The environment */

static void
test_environment (void)
{
  static const struct { const char *value; AioGuestPollMode asked, got; } rows[] = {
    { NULL, AIO_GUEST_POLL_MODE_AUTO, AIO_GUEST_POLL_MODE_DIRECT },
    { NULL, AIO_GUEST_POLL_MODE_THREAD, AIO_GUEST_POLL_MODE_THREAD },
    { NULL, AIO_GUEST_POLL_MODE_DIRECT, AIO_GUEST_POLL_MODE_DIRECT },
    { "", AIO_GUEST_POLL_MODE_AUTO, AIO_GUEST_POLL_MODE_DIRECT },
    { "thread", AIO_GUEST_POLL_MODE_AUTO, AIO_GUEST_POLL_MODE_THREAD },
    { "thread", AIO_GUEST_POLL_MODE_DIRECT, AIO_GUEST_POLL_MODE_THREAD },
    { "direct", AIO_GUEST_POLL_MODE_THREAD, AIO_GUEST_POLL_MODE_DIRECT },
  };
  int fds[2];

  open_pipe (fds);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (AioGuestPoller) poller = NULL;

      if (rows[i].value != NULL)
        g_setenv ("AIOGUEST_POLL_MODE", rows[i].value, TRUE);
      poller = aio_guest_poller_new (fds[0], rows[i].asked, &error);
      g_unsetenv ("AIOGUEST_POLL_MODE");

      g_assert_no_error (error);
      g_assert_cmpint (aio_guest_poller_get_mode (poller), ==, rows[i].got);
    }

  close_pipe (fds);
}

static void
test_environment_unknown (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (AioGuestPoller) poller = NULL;

      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      g_setenv ("AIOGUEST_POLL_MODE", "psychic", TRUE);
      poller = aio_guest_poller_new (-1, AIO_GUEST_POLL_MODE_AUTO, NULL);
      g_assert_cmpint (aio_guest_poller_get_mode (poller), ==, AIO_GUEST_POLL_MODE_DIRECT);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*AIOGUEST_POLL_MODE is \"psychic\"; it must be*");
}

/* Made by a binding's way of constructing any object, instead of by new(). */
static void
test_bare_object (void)
{
  AioGuestPoller *poller = g_object_new (AIO_GUEST_TYPE_POLLER, NULL);

  g_assert_cmpint (aio_guest_poller_get_fd (poller), ==, -1);
  g_assert_cmpint (aio_guest_poller_get_mode (poller), ==, AIO_GUEST_POLL_MODE_DIRECT);
  g_assert_finalize_object (poller);
}

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

  add_per_variant ("/poller/%s/accessors", test_accessors);
  add_per_variant ("/poller/%s/readable", test_readable);
  add_per_variant ("/poller/%s/readable-before", test_readable_before);
  add_per_variant ("/poller/%s/storm", test_storm);
  add_per_variant ("/poller/%s/timerfd", test_timerfd);
  add_per_variant ("/poller/%s/parked", test_parked);
  add_per_variant ("/poller/%s/quiet-during-tick", test_quiet_during_tick);
  add_per_variant ("/poller/%s/watch", test_watch);
  add_per_variant ("/poller/%s/number-used-again", test_number_used_again);
  add_per_variant ("/poller/%s/watch-beside", test_watch_beside);
  add_per_variant ("/poller/%s/closed-beside", test_closed_beside);
  add_per_variant ("/poller/%s/signals", test_signals);
  add_per_variant ("/poller/%s/refused", test_refused);
  add_per_variant ("/poller/%s/closed-behind-our-back", test_closed_behind_our_back);
  add_per_variant ("/poller/%s/wakeup-closed", test_wakeup_closed);
  add_per_variant ("/poller/%s/hang-up", test_hang_up);
  add_per_variant ("/poller/%s/n-threads", test_n_threads);
  add_per_variant ("/poller/%s/cycles", test_cycles);
  g_test_add_func ("/poller/environment", test_environment);
  g_test_add_func ("/poller/environment/unknown", test_environment_unknown);
  g_test_add_func ("/poller/bare-object", test_bare_object);

  return g_test_run ();
}
