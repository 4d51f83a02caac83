/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <aio-guest.h>

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a wrong event would have to show itself: the right outcome is that nothing comes. */
#define QUIET_MS 30
/* Far more than anything takes on a slow machine. */
#define PATIENCE_MS 20000

typedef struct
{
  GMainContext *context;
  AioGuestPump *pump;
} Fixture;

static void
set_up (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->context = g_main_context_new_with_flags (G_MAIN_CONTEXT_FLAGS_OWNERLESS_POLLING);
  fixture->pump = aio_guest_pump_new (fixture->context, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  if (fixture->pump != NULL)
    g_assert_finalize_object (fixture->pump);
  g_main_context_unref (fixture->context);
}

static gboolean
is_readable (AioGuestPump *pump, int timeout_ms)
{
  struct pollfd fd = { aio_guest_pump_get_fd (pump), POLLIN, 0 };
  int n;

  do
    n = poll (&fd, 1, timeout_ms);
  while (n < 0 && errno == EINTR);

  return n > 0;
}

/* What a host does: waits for the descriptor and dispatches, until it is so. */
static void
host_until (AioGuestPump *pump, const gboolean *done)
{
  while (!*done)
    {
      g_assert_true (is_readable (pump, PATIENCE_MS));
      while (aio_guest_pump_dispatch (pump) == AIO_GUEST_PUMP_RESULT_AGAIN && !*done)
        ;
    }
}

static void
settle (AioGuestPump *pump)
{
  do
    while (aio_guest_pump_dispatch (pump) == AIO_GUEST_PUMP_RESULT_AGAIN)
      ;
  while (is_readable (pump, 0));
}

static void
assert_quiet (AioGuestPump *pump)
{
  settle (pump);
  g_assert_false (is_readable (pump, QUIET_MS));
}

/* Has the main context own the source. */
static void
attach (GSource *source, GMainContext *context, GSourceFunc function, gpointer data)
{
  g_source_set_callback (source, function, data, NULL);
  g_source_attach (source, context);
  g_source_unref (source);
}

static gboolean
set_true (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
count_event (G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition, gpointer count)
{
  ++*(guint *) count;
  return G_SOURCE_CONTINUE;
}

static gboolean
count_idle (gpointer count)
{
  ++*(guint *) count;
  return G_SOURCE_CONTINUE;
}

/* The source is to be removed by unwatch(). */
static GSource *
watch (int fd, GMainContext *context, guint *count)
{
  GSource *source = g_unix_fd_source_new (fd, G_IO_IN);

  g_source_set_callback (source, G_SOURCE_FUNC (count_event), count, NULL);
  g_source_attach (source, context);

  return source;
}

static void
unwatch (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static void
open_pipe (int fds[2])
{
  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
}

static void
close_pipe (const int fds[2])
{
  close (fds[0]);
  close (fds[1]);
}

static void
put (int fd)
{
  g_assert_cmpint (write (fd, "x", 1), ==, 1);
}

static void
take (int fd)
{
  char byte;

  g_assert_cmpint (read (fd, &byte, 1), ==, 1);
}

static guint
count_entries (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

static void
test_properties (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  const int fd = aio_guest_pump_get_fd (fixture->pump);

  g_assert_true (aio_guest_pump_get_main_context (fixture->pump) == fixture->context);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, !=, 0);
  g_assert_true (is_readable (fixture->pump, 0));
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

#define STORM_THREADS 4
#define STORM_EVENTS 2000

typedef struct
{
  GMainContext *context;
  int fds[2];
  guint events;
  gboolean done;
} Storm;

static gpointer
storm_thread (gpointer data)
{
  const Storm *storm = data;

  for (guint i = 0; i < STORM_EVENTS; i++)
    {
      put (storm->fds[1]);
      g_main_context_wakeup (storm->context);
    }

  return NULL;
}

static gboolean
take_event (int fd, G_GNUC_UNUSED GIOCondition condition, gpointer data)
{
  Storm *storm = data;

  take (fd);
  storm->done = ++storm->events == STORM_THREADS * STORM_EVENTS;

  return storm->done ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* Threads write to a pipe and wake the main context, while the function hosts. */
static void
run_storm (Fixture *fixture, void (*host) (Fixture *fixture, const gboolean *done))
{
  GThread *threads[STORM_THREADS];
  Storm storm = { .context = fixture->context };

  open_pipe (storm.fds);
  attach (g_unix_fd_source_new (storm.fds[0], G_IO_IN), storm.context, G_SOURCE_FUNC (take_event), &storm);

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("storm", storm_thread, &storm);

  host (fixture, &storm.done);

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  close_pipe (storm.fds);
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
      g_assert_true (is_readable (fixture->pump, 0));
      aio_guest_pump_dispatch (fixture->pump);
      g_assert_cmpuint (events, ==, i);
      take (fds[0]);
      settle (fixture->pump);
    }

  put (fds[1]);
  unwatch (source);
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
      g_assert_true (is_readable (fixture->pump, PATIENCE_MS));
      const gint64 start = g_get_monotonic_time ();
      g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_AGAIN);
      g_assert_true (is_readable (fixture->pump, PATIENCE_MS));
      g_assert_cmpint (g_get_monotonic_time () - start, >=, 5 * G_TIME_SPAN_MILLISECOND);
    }
  unwatch (source);
  assert_quiet (fixture->pump);

  source = g_idle_source_new ();
  g_source_set_callback (source, count_idle, &idles, NULL);
  g_source_attach (source, fixture->context);
  g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_AGAIN);
  g_assert_true (is_readable (fixture->pump, PATIENCE_MS));
  g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_AGAIN);
  g_assert_cmpuint (idles, >, 0);
  unwatch (source);
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

  g_assert_true (is_readable (outer->fixture->pump, 0));

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

static gboolean
drop_pump (gpointer data)
{
  g_clear_object (&((Fixture *) data)->pump);
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
  int fds[2], hold[2], status;
  guint events = 0;
  gboolean done = FALSE;

  open_pipe (fds);
  open_pipe (hold);
  GSource *source = watch (fds[0], fixture->context, &events);
  assert_quiet (fixture->pump);
  attach (g_idle_source_new (), fixture->context, set_true, &done);

  pid_t child = fork ();

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      char byte;

      if (aio_guest_pump_dispatch (fixture->pump) != AIO_GUEST_PUMP_RESULT_WAIT || done)
        _exit (1);
      aio_guest_pump_destroy (fixture->pump);
      /* Alive, with copies of the descriptors, until the parent has seen that it is not disturbed. */
      close (hold[1]);
      if (read (hold[0], &byte, 1) != 0)
        _exit (2);
      execlp ("true", "true", NULL);
      _exit (3);
    }

  host_until (fixture->pump, &done);
  assert_quiet (fixture->pump);
  put (fds[1]);
  g_assert_true (is_readable (fixture->pump, 0));
  aio_guest_pump_dispatch (fixture->pump);
  g_assert_cmpuint (events, ==, 1);
  unwatch (source);
  assert_quiet (fixture->pump);

  close_pipe (hold);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
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
  g_assert_true (is_readable (fixture->pump, 0));
  aio_guest_pump_dispatch (fixture->pump);
  g_assert_cmpuint (events, ==, 1);

  unwatch (source);
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

  g_assert_true (is_readable (fixture->pump, 0));
  assert_quiet (fixture->pump);
  g_assert_cmpuint (events, ==, 0);

  unwatch (source);
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
      g_assert_true (is_readable (fixture->pump, PATIENCE_MS));
      g_assert_cmpint (aio_guest_pump_dispatch (fixture->pump), ==, AIO_GUEST_PUMP_RESULT_AGAIN);
    }
  g_assert_cmpuint (events, >, 0);

  unwatch (source);
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
  unwatch (source);
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

/* A host that can't watch a descriptor: it has a queue of calls, by which the thread has it dispatch.
 * Not a GAsyncQueue: ThreadSanitizer does not see what its lock, which is inside GLib, orders. */

typedef struct
{
  GMutex lock;
  GCond changed;

  /* Under @lock: */
  guint calls;         /* in the queue */
  guint notifications; /* how many the thread has made */
  guint to_drop;       /* how many of the next calls are lost */
  gboolean blocks;     /* a notification does not return */
  gboolean freed;      /* the pump has freed its data */
} Queue;

static void
queue_init (Queue *self)
{
  *self = (Queue) { .calls = 0 };
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
}

/* With the lock. */
static void
queue_wait (Queue *self)
{
  g_assert_true (g_cond_wait_until (&self->changed, &self->lock,
                                    g_get_monotonic_time () + PATIENCE_MS * G_TIME_SPAN_MILLISECOND));
}

/* The pump was destroyed. Its data is freed by the thread if that was in a notification then. */
static void
queue_clear (Queue *self)
{
  g_mutex_lock (&self->lock);
  while (!self->freed)
    queue_wait (self);
  g_mutex_unlock (&self->lock);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

/* Takes a call out of the queue. Returns FALSE if there is none by then. */
static gboolean
queue_take (Queue *self, int timeout_ms)
{
  const gint64 end_time = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;
  gboolean in_time = TRUE;

  g_mutex_lock (&self->lock);
  while (self->calls == 0 && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, end_time);
  const gboolean found = self->calls > 0;
  if (found)
    self->calls--;
  g_mutex_unlock (&self->lock);

  return found;
}

static guint
queue_notifications (Queue *self)
{
  g_mutex_lock (&self->lock);
  const guint notifications = self->notifications;
  g_mutex_unlock (&self->lock);

  return notifications;
}

static void
notify (gpointer data)
{
  Queue *self = data;

  g_mutex_lock (&self->lock);
  g_assert_false (self->freed);
  self->notifications++;
  g_cond_broadcast (&self->changed);
  while (self->blocks)
    queue_wait (self);
  if (self->to_drop > 0)
    self->to_drop--;
  else
    self->calls++;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
free_queue_data (gpointer data)
{
  Queue *self = data;

  g_mutex_lock (&self->lock);
  self->freed = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
start_thread (Fixture *fixture, Queue *queue)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (aio_guest_pump_start_thread (fixture->pump, notify, queue, free_queue_data, &error));
  g_assert_no_error (error);
}

/* Takes calls out of the queue until it is so. */
static void
queue_until (Queue *self, AioGuestPump *pump, const gboolean *done)
{
  while (!*done)
    {
      g_assert_true (queue_take (self, PATIENCE_MS));
      while (aio_guest_pump_dispatch (pump) == AIO_GUEST_PUMP_RESULT_AGAIN && !*done)
        ;
    }
}

static gboolean
set_true_of_fd (G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition, gpointer flag)
{
  return set_true (flag);
}

static void
test_thread (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  Queue queue;
  int fds[2];

  queue_init (&queue);
  open_pipe (fds);
  start_thread (fixture, &queue);

  for (guint i = 0; i < 300; i++)
    {
      gboolean done = FALSE;

      if (i % 3 == 0)
        attach (g_idle_source_new (), fixture->context, set_true, &done);
      else if (i % 3 == 1)
        attach (g_timeout_source_new (1), fixture->context, set_true, &done);
      else
        {
          attach (g_unix_fd_source_new (fds[0], G_IO_IN), fixture->context, G_SOURCE_FUNC (set_true_of_fd), &done);
          put (fds[1]);
        }
      queue_until (&queue, fixture->pump, &done);
      if (i % 3 == 2)
        take (fds[0]);
    }

  aio_guest_pump_destroy (fixture->pump);
  close_pipe (fds);
  queue_clear (&queue);
}

/* While nothing is ready, it does not notify. */
static void
test_thread_quiet (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  Queue queue;
  gboolean done = FALSE;

  queue_init (&queue);
  start_thread (fixture, &queue);
  attach (g_idle_source_new (), fixture->context, set_true, &done);
  queue_until (&queue, fixture->pump, &done);
  settle (fixture->pump);

  /* What it has notified of just before. */
  while (queue_take (&queue, QUIET_MS))
    settle (fixture->pump);

  const guint notifications = queue_notifications (&queue);

  g_assert_false (queue_take (&queue, QUIET_MS));
  g_assert_cmpuint (queue_notifications (&queue), ==, notifications);
  aio_guest_pump_destroy (fixture->pump);
  queue_clear (&queue);
}

static Queue *queue_of_storm;

static void
host_by_queue (Fixture *fixture, const gboolean *done)
{
  queue_until (queue_of_storm, fixture->pump, done);
}

static void
test_thread_storm (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  Queue queue;

  queue_init (&queue);
  queue_of_storm = &queue;
  start_thread (fixture, &queue);
  run_storm (fixture, host_by_queue);
  aio_guest_pump_destroy (fixture->pump);
  queue_clear (&queue);
}

/* The host loses a call. */
static void
test_thread_notifies_again (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  Queue queue;
  gboolean done = FALSE;

  queue_init (&queue);
  queue.to_drop = 1;
  start_thread (fixture, &queue);
  attach (g_idle_source_new (), fixture->context, set_true, &done);
  queue_until (&queue, fixture->pump, &done);
  g_assert_cmpuint (queue_notifications (&queue), >, 1);
  aio_guest_pump_destroy (fixture->pump);
  queue_clear (&queue);
}

typedef struct
{
  Fixture *fixture;
  Queue *queue;
  guint depth;
  gboolean done;
} QueueNest;

static gboolean
nest_by_queue (gpointer data)
{
  QueueNest *outer = data;

  if (outer->depth > 0)
    {
      QueueNest inner = { outer->fixture, outer->queue, outer->depth - 1, FALSE };

      attach (g_idle_source_new (), outer->fixture->context, nest_by_queue, &inner);
      queue_until (outer->queue, outer->fixture->pump, &inner.done);
    }

  return set_true (&outer->done);
}

static void
test_thread_nested (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  Queue queue;
  QueueNest outermost = { fixture, &queue, 3, FALSE };

  queue_init (&queue);
  start_thread (fixture, &queue);
  attach (g_idle_source_new (), fixture->context, nest_by_queue, &outermost);
  queue_until (&queue, fixture->pump, &outermost.done);
  aio_guest_pump_destroy (fixture->pump);
  queue_clear (&queue);
}

/* The pump is destroyed by a host for which a notification waits. */
static void
test_thread_in_a_notification (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  Queue queue;

  queue_init (&queue);
  queue.blocks = TRUE;
  start_thread (fixture, &queue);

  g_mutex_lock (&queue.lock);
  while (queue.notifications == 0)
    queue_wait (&queue);
  g_mutex_unlock (&queue.lock);

  aio_guest_pump_destroy (fixture->pump);

  g_mutex_lock (&queue.lock);
  g_assert_false (queue.freed);
  queue.blocks = FALSE;
  g_cond_broadcast (&queue.changed);
  g_mutex_unlock (&queue.lock);
  queue_clear (&queue);
}

static void
test_thread_dropped_in_a_dispatch (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  Queue queue;

  queue_init (&queue);
  start_thread (fixture, &queue);
  attach (g_idle_source_new (), fixture->context, drop_pump, fixture);
  while (fixture->pump != NULL)
    aio_guest_pump_dispatch (fixture->pump);
  queue_clear (&queue);
}

static void
test_thread_forked (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  Queue queue;
  gboolean done = FALSE;
  int status;

  queue_init (&queue);
  start_thread (fixture, &queue);

  pid_t child = fork ();

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      if (aio_guest_pump_dispatch (fixture->pump) != AIO_GUEST_PUMP_RESULT_WAIT)
        _exit (1);
      aio_guest_pump_destroy (fixture->pump);
      execlp ("true", "true", NULL);
      _exit (3);
    }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  attach (g_idle_source_new (), fixture->context, set_true, &done);
  queue_until (&queue, fixture->pump, &done);
  aio_guest_pump_destroy (fixture->pump);
  queue_clear (&queue);
}

static void
test_many (Fixture *fixture, gconstpointer with_thread)
{
  const guint n_threads = count_entries ("/proc/self/task");
  guint n_fds = 0;

  for (guint i = 0; i < 1000; i++)
    {
      Fixture other = { NULL, NULL };
      Queue queue;
      gboolean done = FALSE;

      set_up (&other, NULL);
      attach (g_idle_source_new (), other.context, set_true, &done);
      if (with_thread != NULL)
        {
          queue_init (&queue);
          start_thread (&other, &queue);
          queue_until (&queue, other.pump, &done);
          aio_guest_pump_destroy (other.pump);
          queue_clear (&queue);
        }
      else
        host_until (other.pump, &done);
      tear_down (&other, NULL);

      if (i == 0)
        n_fds = count_entries ("/proc/self/fd");
    }

  g_assert_cmpuint (count_entries ("/proc/self/fd"), ==, n_fds);
  /* The last one may be on its way out, of which nothing tells. */
  while (count_entries ("/proc/self/task") > n_threads)
    g_usleep (1000);
  settle (fixture->pump);
}

#define add(path, function) g_test_add ("/pump/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("properties", test_properties);
  add ("idle", test_idle);
  add ("timeout", test_timeout);
  add ("storm", test_storm);
  add ("descriptor", test_descriptor);
  add ("again", test_again);
  add ("nested", test_nested);
  add ("destroyed", test_destroyed);
  add ("destroyed-in-a-dispatch", test_destroyed_in_a_dispatch);
  add ("dropped-in-a-dispatch", test_dropped_in_a_dispatch);
  add ("main-context-dropped", test_main_context_dropped);
  add ("forked", test_forked);
  add ("number-used-again", test_number_used_again);
  add ("closed-with-a-copy-left", test_closed_with_a_copy_left);
  add ("regular-file", test_regular_file);
  add ("closed-descriptor", test_closed_descriptor);
  add ("owned-by-another-thread", test_owned_by_another_thread);
  add ("thread", test_thread);
  add ("thread-quiet", test_thread_quiet);
  add ("thread-storm", test_thread_storm);
  add ("thread-notifies-again", test_thread_notifies_again);
  add ("thread-nested", test_thread_nested);
  add ("thread-in-a-notification", test_thread_in_a_notification);
  add ("thread-dropped-in-a-dispatch", test_thread_dropped_in_a_dispatch);
  add ("thread-forked", test_thread_forked);
  add ("many", test_many);
  g_test_add ("/pump/many-threads", Fixture, "thread", set_up, test_many, tear_down);

  return g_test_run ();
}
