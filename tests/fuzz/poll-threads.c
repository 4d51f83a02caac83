/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "poll-threads.h"

typedef struct
{
  GThreadFunc func;
  gpointer data;
  GThread *thread;

  GCond *parked_on;    /* (lock) nobody has signalled it since */
  GPollFD *fds;        /* (lock) in poll(), or just before or after it; a copy: poll() writes */
  guint n_fds;
} PollThread;

static GMutex lock;
static GCond changed;
static GPtrArray *threads; /* (lock) */
static GPrivate current;

static gpointer
thread_main (gpointer data)
{
  PollThread *self = data;

  g_private_set (&current, self);
  return self->func (self->data);
}

GThread *
poll_threads_try_new (const char *name, GThreadFunc func, gpointer data, GError **error)
{
  PollThread *self = g_new0 (PollThread, 1);

  self->func = func;
  self->data = data;
  self->thread = g_thread_try_new (name, thread_main, self, error);
  g_assert (self->thread != NULL);

  g_mutex_lock (&lock);
  if (threads == NULL)
    threads = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (threads, self);
  g_mutex_unlock (&lock);

  return self->thread;
}

gpointer
poll_threads_join (GThread *thread)
{
  gpointer result = g_thread_join (thread);

  g_mutex_lock (&lock);
  for (guint i = threads->len; i-- > 0;)
    {
      PollThread *other = g_ptr_array_index (threads, i);

      if (other->thread == thread)
        g_ptr_array_remove_index_fast (threads, i);
    }
  if (threads->len == 0)
    g_clear_pointer (&threads, g_ptr_array_unref);
  g_mutex_unlock (&lock);

  return result;
}

/* The caller holds @mutex, so nobody can signal @cond between the two steps. */
void
poll_threads_cond_wait (GCond *cond, GMutex *mutex)
{
  PollThread *self = g_private_get (&current);

  g_mutex_lock (&lock);
  self->parked_on = cond;
  g_cond_signal (&changed);
  g_mutex_unlock (&lock);

  g_cond_wait (cond, mutex);

  g_mutex_lock (&lock);
  self->parked_on = NULL;
  g_mutex_unlock (&lock);
}

void
poll_threads_cond_signal (GCond *cond)
{
  g_mutex_lock (&lock);
  for (guint i = 0; threads != NULL && i < threads->len; i++)
    {
      PollThread *other = g_ptr_array_index (threads, i);

      if (other->parked_on == cond)
        other->parked_on = NULL;
    }
  g_mutex_unlock (&lock);

  g_cond_signal (cond);
}

int
poll_threads_poll (GPollFD *fds, guint n_fds, int timeout)
{
  PollThread *self = g_private_get (&current);
  int result;

  g_assert (timeout == -1);

  g_mutex_lock (&lock);
  self->fds = g_memdup2 (fds, n_fds * sizeof *fds);
  self->n_fds = n_fds;
  g_cond_signal (&changed);
  g_mutex_unlock (&lock);

  result = g_poll (fds, n_fds, timeout);

  g_mutex_lock (&lock);
  g_clear_pointer (&self->fds, g_free);
  g_mutex_unlock (&lock);

  return result;
}

static gboolean
is_settled (PollThread *self)
{
  if (self->parked_on != NULL)
    return TRUE;
  if (self->fds == NULL)
    return FALSE;

  g_autofree GPollFD *fds = g_new (GPollFD, self->n_fds);

  for (guint i = 0; i < self->n_fds; i++)
    fds[i] = (GPollFD){ self->fds[i].fd, self->fds[i].events, 0 };

  g_poll (fds, self->n_fds, 0);

  /* One that was closed while the thread is in poll() doesn't end it. */
  for (guint i = 0; i < self->n_fds; i++)
    {
      if ((fds[i].revents & ~G_IO_NVAL) != 0)
        return FALSE;
    }

  return TRUE;
}

static gboolean
are_settled (void)
{
  for (guint i = 0; threads != NULL && i < threads->len; i++)
    {
      if (!is_settled (g_ptr_array_index (threads, i)))
        return FALSE;
    }

  return TRUE;
}

/* Waits until no thread has anything to do. */
void
poll_threads_settle (void)
{
  g_mutex_lock (&lock);
  while (!are_settled ())
    g_cond_wait (&changed, &lock);
  g_mutex_unlock (&lock);
}

guint
poll_threads_count (void)
{
  g_mutex_lock (&lock);
  guint n = threads != NULL ? threads->len : 0;
  g_mutex_unlock (&lock);

  return n;
}
