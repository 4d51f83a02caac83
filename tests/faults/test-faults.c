/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The library when the system fails it. Runs with shim.c preloaded. */

#include "config.h"

#include "aio-guest-error.h"
#include "guest.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int (*faults_set) (const char *name, int nth, int error, int count);
static int (*faults_count) (const char *name);
static void (*faults_spare_thread) (int spare);

/* What only the mode with a thread has. */
static const Variant thread_variants[] = {
  { "pipe", AIO_GUEST_POLL_MODE_THREAD, AIO_GUEST_WAKEUP_PIPE },
#ifdef HAVE_EVENTFD
  { "eventfd", AIO_GUEST_POLL_MODE_THREAD, AIO_GUEST_WAKEUP_EVENTFD },
#endif
};

static void
add_per_thread_variant (const char *path, VariantFunc func)
{
  for (gsize i = 0; i < G_N_ELEMENTS (thread_variants); i++)
    {
      g_autofree char *full = g_strconcat (path, thread_variants[i].label, NULL);

      g_test_add_data_func (full, &thread_variants[i], (GTestDataFunc) func);
    }
}

typedef struct
{
  guint descriptors;
  guint threads;
} Belongings;

static Belongings
count_belongings (void)
{
  return (Belongings) { count_descriptors (), count_threads () };
}

static void
assert_unchanged (const Belongings *before)
{
  g_assert_cmpuint (count_descriptors (), ==, before->descriptors);
  g_assert_cmpuint (count_threads (), ==, before->threads);
}

/* What can't be had */

static void
check_poller (AioGuestWakeupKind kind, const char *call, int nth, int error_number)
{
  const Belongings before = count_belongings ();
  g_autoptr (AioGuestPoller) poller = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  open_pipe (fds);
  faults_set (call, nth, error_number, 1);
  poller = aio_guest_poller_new_full (fds[0], AIO_GUEST_POLL_MODE_THREAD, kind, &error);

  g_assert_cmpint (faults_count (call), ==, 1);
  g_assert_null (poller);
  g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM);
  g_assert_nonnull (strstr (error->message, g_strerror (error_number)));

  close (fds[0]);
  close (fds[1]);
  assert_unchanged (&before);
}

static void
test_no_descriptor (void)
{
  for (int nth = 1; nth <= 2; nth++)
    {
      check_poller (AIO_GUEST_WAKEUP_PIPE, "pipe2", nth, EMFILE);
#ifdef HAVE_EVENTFD
      check_poller (AIO_GUEST_WAKEUP_EVENTFD, "eventfd", nth, ENFILE);
#endif
    }
}

/* It is open by then, and is closed. */
static void
test_pipe_stays_blocking (void)
{
  check_poller (AIO_GUEST_WAKEUP_PIPE, "fcntl64", 1, EINVAL);
}

#ifdef HAVE_EVENTFD
/* A kernel, or a sandbox, without eventfds: a pipe serves, for one of the two wakeups or for both. */
static void
test_eventfd_unknown (void)
{
  for (int count = 1; count <= 2; count++)
    {
      const Belongings before = count_belongings ();
      g_autoptr (AioGuestPoller) poller = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree GPollFD *ready = NULL;
      guint n_ready;
      int fds[2];

      open_pipe (fds);
      faults_set ("eventfd", 1, ENOSYS, count);
      poller = aio_guest_poller_new_full (fds[0], AIO_GUEST_POLL_MODE_THREAD,
                                          AIO_GUEST_WAKEUP_EVENTFD, &error);
      g_assert_no_error (error);
      g_assert_cmpint (faults_count ("eventfd"), ==, count);

      g_assert_true (aio_guest_poller_start (poller, &error));
      g_assert_cmpint (write (fds[1], "x", 1), ==, 1);
      aio_guest_poller_arm (poller);
      ready = aio_guest_poller_dup_poll_fds (poller, &n_ready);
      g_assert_cmpint (fcntl (ready->fd, F_GETFD), ==, FD_CLOEXEC);
      g_assert_cmpint (g_poll (ready, 1, 30000), ==, 1);
      g_assert_true (aio_guest_poller_begin (poller, ready->revents, &error));
      g_assert_cmpint (g_poll (ready, 1, 0), ==, 0);

      g_clear_object (&poller);
      close (fds[0]);
      close (fds[1]);
      assert_unchanged (&before);
    }
}
#endif

static void
test_no_thread (const Variant *variant)
{
  const Belongings before = count_belongings ();

  {
    g_autoptr (Guest) guest = guest_new (variant);
    g_autoptr (GError) error = NULL;

    faults_set ("pthread_create", 1, EAGAIN, 1);
    g_assert_false (aio_guest_run_attach (guest->run, guest->context, &error));
    g_assert_cmpint (faults_count ("pthread_create"), ==, 1);
    g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM);
    g_assert_nonnull (strstr (error->message, "thread"));
    g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_NEW);

    /* Nothing was used up. */
    guest_attach (guest);
    guest_signal (guest);
    iterate_until (guest->context, guest->events == 1);
    aio_guest_run_stop (guest->run);
  }

  assert_unchanged (&before);
}

/* Without a timer the main context's own timeout serves. */
static void
test_no_timer (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  gint64 due;

  faults_set ("timerfd_create", 1, EMFILE, G_MAXINT);
  guest_attach (guest);
  guest_settle (guest);
  due = guest->deadline = g_get_monotonic_time () + 20000;
  aio_guest_run_wake (guest->run);
  iterate_until (guest->context, guest->tick_time >= due);
  faults_set ("timerfd_create", 1, 0, 0);
  guest->deadline = -1;
  aio_guest_run_stop (guest->run);
}

static void
test_timer_taken_away (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  gint64 due;

  guest->deadline = g_get_monotonic_time () + G_TIME_SPAN_HOUR;
  guest_attach (guest);
  guest_settle (guest);

  faults_set ("timerfd_settime", 1, EBADF, 1);
  due = guest->deadline = g_get_monotonic_time () + 20000;
  aio_guest_run_wake (guest->run);
  iterate_until (guest->context, guest->tick_time >= due);
  guest->deadline = -1;
  aio_guest_run_stop (guest->run);
}

/* Waiting that fails */

static void
test_wait_is_interrupted (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  guest_settle (guest);
  faults_set ("poll", 1, EINTR, 5);
  faults_set ("ppoll", 1, EINTR, 5);
  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);
  g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_RUNNING);
  aio_guest_run_stop (guest->run);
  faults_set ("poll", 1, 0, 0);
  faults_set ("ppoll", 1, 0, 0);
}

/* The main context's own waiting is spared. */
static void
test_thread_cannot_wait (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  guest_settle (guest);

  /* A wait that goes on ends well; the one that the tick after it asks for does not. */
  faults_spare_thread (TRUE);
  faults_set ("poll", 1, ENOMEM, 1);
  guest_signal (guest);
  iterate_until (guest->context, guest->finished == 1);
  faults_spare_thread (FALSE);

  g_assert_cmpint (faults_count ("poll"), ==, 1);
  g_assert_error (guest->error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM);
  g_assert_nonnull (strstr (guest->error->message, g_strerror (ENOMEM)));
}

/* Wakes */

static void
test_write_is_interrupted (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  guest_settle (guest);
  guest_signal (guest);
  faults_set ("write", 1, EINTR, 3);
  iterate_until (guest->context, guest->events == 1);
  faults_set ("write", 1, 0, 0);
  aio_guest_run_stop (guest->run);
}

static void
test_read_is_interrupted (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  guest_attach (guest);
  guest_settle (guest);

  /* The guest's own read, of its event, is not at issue. */
  guest->leave_events = TRUE;
  faults_set ("read", 1, EINTR, 3);
  guest_signal (guest);
  iterate_until (guest->context, guest->ticks >= 3);
  g_assert_cmpint (faults_count ("read"), ==, 3);
  faults_set ("read", 1, 0, 0);

  guest->leave_events = FALSE;
  iterate_until (guest->context, guest->events == 1);
  guest_settle (guest);
  aio_guest_run_stop (guest->run);
}

/* The main context's descriptor of the run is closed behind its back: told, and no spinning. */
static void
test_wakeup_descriptor_closed (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);
  int fd;

  guest_attach (guest);
  guest_settle (guest);

  {
    guint n_fds;
    g_autofree GPollFD *fds = aio_guest_poller_dup_poll_fds (guest->poller, &n_fds);

    fd = fds[0].fd;
  }

  close (fd);
  iterate_until (guest->context, guest->finished == 1);
  g_assert_error (guest->error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM);

  /* The poller closes it once more; nobody else may have got its number. */
  g_assert_cmpint (dup2 (guest->epoll_fd, fd), ==, fd);
}

int
main (int argc, char **argv)
{
  *(void **) &faults_set = dlsym (RTLD_DEFAULT, "faults_set");
  *(void **) &faults_count = dlsym (RTLD_DEFAULT, "faults_count");
  *(void **) &faults_spare_thread = dlsym (RTLD_DEFAULT, "faults_spare_thread");

  if (faults_set == NULL || faults_count == NULL || faults_spare_thread == NULL)
    g_error ("the shim is not preloaded");

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/faults/no-descriptor", test_no_descriptor);
  g_test_add_func ("/faults/pipe-stays-blocking", test_pipe_stays_blocking);
#ifdef HAVE_EVENTFD
  g_test_add_func ("/faults/eventfd-unknown", test_eventfd_unknown);
#endif
  add_per_thread_variant ("/faults/no-thread/", test_no_thread);
  add_per_variant ("/faults/no-timer/%s", test_no_timer);
  add_per_variant ("/faults/timer-taken-away/%s", test_timer_taken_away);
  add_per_variant ("/faults/wait-is-interrupted/%s", test_wait_is_interrupted);
  add_per_thread_variant ("/faults/thread-cannot-wait/", test_thread_cannot_wait);
  add_per_variant ("/faults/write-is-interrupted/%s", test_write_is_interrupted);
  add_per_thread_variant ("/faults/read-is-interrupted/", test_read_is_interrupted);
  add_per_thread_variant ("/faults/wakeup-descriptor-closed/", test_wakeup_descriptor_closed);

  return g_test_run ();
}
