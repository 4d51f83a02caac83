/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "pump.h"

#include <glib-unix.h>
#include <unistd.h>

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
                                    g_get_monotonic_time () + PATIENCE * G_TIME_SPAN_SECOND));
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
      g_assert_true (queue_take (self, PATIENCE * 1000));
      while (aio_guest_pump_dispatch (pump) == AIO_GUEST_PUMP_RESULT_AGAIN && !*done)
        ;
    }
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

  queue_init (&queue);
  start_thread (fixture, &queue);

  pid_t child = fork ();

  if (child == 0)
    {
      check (aio_guest_pump_dispatch (fixture->pump) == AIO_GUEST_PUMP_RESULT_WAIT);
      aio_guest_pump_destroy (fixture->pump);
      leave_child ();
    }

  await_child (child);
  attach (g_idle_source_new (), fixture->context, set_true, &done);
  queue_until (&queue, fixture->pump, &done);
  aio_guest_pump_destroy (fixture->pump);
  queue_clear (&queue);
}

/* Many threads, of which nothing stays. */
static void
test_thread_many (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  const guint n_descriptors = count_descriptors ();
  const guint n_threads = count_threads ();

  for (guint i = 0; i < 1000; i++)
    {
      Fixture other;
      Queue queue;
      gboolean done = FALSE;

      set_up (&other, NULL);
      queue_init (&queue);
      start_thread (&other, &queue);
      attach (g_idle_source_new (), other.context, set_true, &done);
      queue_until (&queue, other.pump, &done);
      aio_guest_pump_destroy (other.pump);
      queue_clear (&queue);
      tear_down (&other, NULL);
    }

  g_assert_cmpuint (count_descriptors (), ==, n_descriptors);
  /* The last one may be on its way out, of which nothing tells. */
  while (count_threads () > n_threads)
    g_usleep (1000);
  settle (fixture->pump);
}

/* The system refuses the descriptor of the thread; the data is freed. */
static void
test_thread_refused (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Queue queue;

  queue_init (&queue);

  const rlim_t soft = exhaust_descriptors ();

  g_assert_false (aio_guest_pump_start_thread (fixture->pump, notify, &queue, free_queue_data, &error));
  restore_descriptors (soft);
  g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM);
  queue_clear (&queue);

  queue_init (&queue);
  start_thread (fixture, &queue);
  aio_guest_pump_destroy (fixture->pump);
  queue_clear (&queue);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("thread", test_thread);
  add_test ("thread-quiet", test_thread_quiet);
  add_test ("thread-storm", test_thread_storm);
  add_test ("thread-notifies-again", test_thread_notifies_again);
  add_test ("thread-nested", test_thread_nested);
  add_test ("thread-in-a-notification", test_thread_in_a_notification);
  add_test ("thread-dropped-in-a-dispatch", test_thread_dropped_in_a_dispatch);
  add_test ("thread-forked", test_thread_forked);
  add_test ("thread-many", test_thread_many);
  add_test ("thread-refused", test_thread_refused);

  return g_test_run ();
}
