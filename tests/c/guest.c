/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "guest.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const Variant variants[] = {
  { "direct", AIO_GUEST_POLL_MODE_DIRECT, AIO_GUEST_WAKEUP_BEST },
  { "thread-pipe", AIO_GUEST_POLL_MODE_THREAD, AIO_GUEST_WAKEUP_PIPE },
#ifdef HAVE_EVENTFD
  { "thread-eventfd", AIO_GUEST_POLL_MODE_THREAD, AIO_GUEST_WAKEUP_EVENTFD },
#endif
};

void
add_per_variant (const char *path, VariantFunc func)
{
  g_auto (GStrv) parts = g_strsplit (path, "%s", 2);

  g_assert_cmpuint (g_strv_length (parts), ==, 2);

  for (gsize i = 0; i < G_N_ELEMENTS (variants); i++)
    {
      g_autofree char *full = g_strconcat (parts[0], variants[i].label, parts[1], NULL);

      g_test_add_data_func (full, &variants[i], (GTestDataFunc) func);
    }
}

static void
note_finished (G_GNUC_UNUSED AioGuestRun *run, GError *error, gpointer user_data)
{
  Guest *self = user_data;

  g_assert_cmpuint (self->depth, ==, 0);
  g_assert_cmpuint (self->destroyed, ==, 0);

  self->finished++;
  self->finished_thread = g_thread_self ();
  g_clear_error (&self->error);
  if (error != NULL)
    self->error = g_error_copy (error);
}

void
guest_destroyed (gpointer user_data)
{
  Guest *self = user_data;

  g_assert_cmpuint (self->depth, ==, 0);
  self->destroyed++;
}

/* A machine that others keep busy may have the run's turns by right come one after the other: they
 * say nothing of whether it leaves the host its time. */
static void
note_dispatch (Guest *self, gint64 slice_end)
{
  const gint64 start = slice_end - aio_guest_run_get_slice (self->run);
  const gint64 period = aio_guest_run_get_period (self->run);

  self->dispatches++;
  if (start < self->slice_start + period || start < self->tick_end + period / 2)
    self->out_of_turn++;
  self->slice_start = start;
  self->slice_end = slice_end;
}

AioGuestTick
guest_tick (AioGuestRun *run,
            gint64 slice_end,
            gint64 *next_ready_time,
            gpointer user_data,
            GError **error)
{
  Guest *self = user_data;
  struct epoll_event event;

  g_assert_true (run == self->run);
  g_assert_cmpint (*next_ready_time, ==, -1);
  g_assert_cmpuint (self->destroyed, ==, 0);

  self->ticks++;
  self->tick_time = g_get_monotonic_time ();
  if (slice_end != self->slice_end)
    note_dispatch (self, slice_end);
  self->depth++;
  self->max_depth = MAX (self->max_depth, self->depth);

  if (!self->leave_events && epoll_wait (self->epoll_fd, &event, 1, 0) == 1)
    {
      guint64 value = 0;

      g_assert_cmpint (read (self->event_fd, &value, sizeof value), ==, sizeof value);
      self->events += value;
    }

  if (self->on_tick != NULL)
    self->on_tick (self);

  self->depth--;
  self->tick_end = g_get_monotonic_time ();
  *next_ready_time = self->deadline;

  if (self->finish_at != 0 && self->ticks >= self->finish_at)
    return AIO_GUEST_TICK_FINISHED;
  if (self->answer == AIO_GUEST_TICK_FAILED && self->failure != NULL)
    g_propagate_error (error, g_steal_pointer (&self->failure));

  return self->answer;
}

Guest *
guest_new_with_fd (const Variant *variant, int fd)
{
  g_autoptr (GError) error = NULL;
  Guest *self = g_new0 (Guest, 1);
  struct epoll_event event = { .events = EPOLLIN };

  self->answer = AIO_GUEST_TICK_WAIT;
  self->deadline = -1;
  self->context = g_main_context_new ();

  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  g_assert_cmpint (self->epoll_fd, >=, 0);
  self->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  g_assert_cmpint (self->event_fd, >=, 0);
  g_assert_cmpint (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->event_fd, &event), ==, 0);

  self->poller = aio_guest_poller_new_full (fd >= 0 ? fd : self->epoll_fd, variant->mode,
                                            variant->kind, &error);
  g_assert_no_error (error);

  self->run = aio_guest_run_new (self->poller, guest_tick, self, guest_destroyed);
  aio_guest_run_set_slice (self->run, SLICE);
  aio_guest_run_set_period (self->run, PERIOD);
  g_signal_connect (self->run, "finished", G_CALLBACK (note_finished), self);

  return self;
}

Guest *
guest_new (const Variant *variant)
{
  return guest_new_with_fd (variant, -1);
}

/* Ends a run that goes on, and looks at what every run must have done by then. */
void
guest_free (Guest *self)
{
  if (self->run != NULL)
    {
      aio_guest_run_stop (self->run);
      g_assert_cmpuint (self->finished, ==, 1);
      g_assert_cmpuint (self->destroyed, ==, 1);
      g_assert_finalize_object (self->run);
      g_assert_cmpuint (self->destroyed, ==, 1);
    }

  g_assert_finalize_object (self->poller);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_error (&self->error);
  g_clear_error (&self->failure);
  close (self->epoll_fd);
  close (self->event_fd);
  g_free (self);
}

void
guest_attach (Guest *self)
{
  g_autoptr (GError) error = NULL;

  aio_guest_run_attach (self->run, self->context, &error);
  g_assert_no_error (error);
}

void
guest_signal (Guest *self)
{
  const guint64 one = 1;

  g_assert_cmpint (write (self->event_fd, &one, sizeof one), ==, sizeof one);
}

/* Has all that is ready now done, so that what follows starts from rest. */
void
guest_settle (Guest *self)
{
  iterate_until (self->context, self->ticks > 0);
  while (g_main_context_iteration (self->context, FALSE))
    ;
}

void
guest_assert_over (Guest *self, int code)
{
  g_assert_cmpint (aio_guest_run_get_state (self->run), ==, AIO_GUEST_RUN_STATE_FINISHED);
  g_assert_cmpuint (self->finished, ==, 1);
  g_assert_cmpuint (self->destroyed, ==, 1);

  if (code < 0)
    {
      g_assert_no_error (self->error);
      g_assert_no_error (aio_guest_run_get_error (self->run));
    }
  else
    {
      g_assert_error (self->error, AIO_GUEST_ERROR, code);
      g_assert_error (aio_guest_run_get_error (self->run), AIO_GUEST_ERROR, code);
    }

  /* Nothing is left in the main context. */
  g_assert_null (g_main_context_find_source_by_user_data (self->context, self->run));
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_assert_cmpuint (self->finished, ==, 1);
}

GSource *
add_timeout (GMainContext *context,
             guint milliseconds,
             int priority,
             GSourceFunc func,
             gpointer data)
{
  static guint ignored;
  GSource *source = g_timeout_source_new (milliseconds);

  g_source_set_static_name (source, "[test] timeout");
  g_source_set_priority (source, priority);
  if (func == NULL)
    g_source_set_callback (source, count_call, &ignored, NULL);
  else
    g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, context);

  return source;
}

/* A source that is always ready. */
GSource *
add_busy (GMainContext *context, int priority, GSourceFunc func, gpointer data)
{
  GSource *source = g_idle_source_new ();

  g_source_set_static_name (source, "[test] busy");
  g_source_set_priority (source, priority);
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, context);

  return source;
}

void
drop_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

gboolean
count_call (gpointer counter)
{
  (*(guint *) counter)++;
  return G_SOURCE_CONTINUE;
}

/* Work, as the host sees it. */
void
burn (gint64 microseconds)
{
  const gint64 end = g_get_monotonic_time () + microseconds;

  while (g_get_monotonic_time () < end)
    ;
}

void
open_pipe (int fds[2])
{
  g_autoptr (GError) error = NULL;

  g_unix_open_pipe (fds, FD_CLOEXEC, &error);
  g_assert_no_error (error);
}

gboolean
is_readable (int fd)
{
  GPollFD poll_fd = { fd, G_IO_IN, 0 };

  return g_poll (&poll_fd, 1, 0) == 1 && (poll_fd.revents & G_IO_IN) != 0;
}

void
assert_timer_set_to (int fd, gint64 time)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fdinfo/%d", fd);
  g_autofree char *info = NULL;
  const char *value;
  gint64 earliest = g_get_monotonic_time ();
  gint64 latest;
  gint64 left;
  long seconds;
  long nanoseconds;

  g_assert_true (g_file_get_contents (path, &info, NULL, NULL));
  latest = g_get_monotonic_time ();

  /* What is shown is the time that is left. */
  value = strstr (info, "it_value: (");
  g_assert_nonnull (value);
  g_assert_cmpint (sscanf (value, "it_value: (%ld, %ld)", &seconds, &nanoseconds), ==, 2);
  left = seconds * G_USEC_PER_SEC + nanoseconds / 1000;

  g_assert_cmpint (time, >=, earliest + left);
  g_assert_cmpint (time, <=, latest + left + 1);
}

rlim_t
exhaust_descriptors (void)
{
  struct rlimit limit;
  struct rlimit lower;
  int next = dup (STDIN_FILENO);

  g_assert_cmpint (next, >=, 0);
  close (next);

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  lower = limit;
  lower.rlim_cur = next;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &lower), ==, 0);

  return limit.rlim_cur;
}

void
restore_descriptors (rlim_t soft)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = soft;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}

guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

/* Of the kernel's flags of a thread: it is on its way out (PF_EXITING). */
#define EXITING 0x4

/* Who joins a thread is told before it has left /proc, so one that has ended is not counted. */
guint
count_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "stat", NULL);
      g_autofree char *stat = NULL;
      const char *fields;
      guint flags;

      if (!g_file_get_contents (path, &stat, NULL, NULL))
        continue;

      fields = strrchr (stat, ')');
      g_assert_nonnull (fields);
      g_assert_cmpint (sscanf (fields, ") %*c %*d %*d %*d %*d %*d %u", &flags), ==, 1);
      if ((flags & EXITING) == 0)
        n++;
    }

  return n;
}

/* Not by _exit(): valgrind would look for leaks there, and whatever the parent's threads held is
 * lost in the child. */
void
leave_child (void)
{
  execlp ("true", "true", NULL);
  _exit (9);
}

void
await_child (pid_t child)
{
  int status;

  g_assert_cmpint (child, >, 0);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

/* Whether the thread with this number is the polling thread, and has come to poll(). */
static gboolean
is_polling (const char *task)
{
  g_autofree char *name_path = g_build_filename ("/proc/self/task", task, "comm", NULL);
  g_autofree char *call_path = g_build_filename ("/proc/self/task", task, "syscall", NULL);
  g_autofree char *name = NULL;
  g_autofree char *call = NULL;

  if (!g_file_get_contents (name_path, &name, NULL, NULL) ||
      g_strcmp0 (g_strchomp (name), "aioguest-poll") != 0 ||
      !g_file_get_contents (call_path, &call, NULL, NULL))
    return FALSE;

#ifdef SYS_poll
  if (g_ascii_strtoll (call, NULL, 10) == SYS_poll && g_ascii_isdigit (*call))
    return TRUE;
#endif
  return g_ascii_strtoll (call, NULL, 10) == SYS_ppoll && g_ascii_isdigit (*call);
}

void
await_polling_thread (void)
{
  const gint64 give_up = g_get_monotonic_time () + G_TIME_SPAN_MINUTE;
  gboolean found = FALSE;

  while (!found && g_get_monotonic_time () < give_up)
    {
      g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
      const char *task;

      while (!found && (task = g_dir_read_name (dir)) != NULL)
        found = is_polling (task);
      g_thread_yield ();
    }

  g_assert_true (found);
}
