/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-fork-private.h"
#include "aio-guest-pump-thread-private.h"
#include "aio-guest-thread-private.h"
#include "aio-guest-wakeup-private.h"

/*
 *   host                                     thread
 *                                            poll (the pump's descriptor, control)
 *                                            readable: @notified, notify()
 *   takes the call out of its queue     <--  wait until a dispatch begins
 *   begin_dispatch(): not @notified
 *   the main context's turn                  wait until the dispatch ends
 *   end_dispatch()                      -->  poll again
 *
 * The thread polls the descriptors of the main context only between dispatches, or it would report
 * what is being handled. Where that is not enough:
 *
 *   host: drops the call, because it was stopped for a while, say. Then no dispatch begins. After
 *   RETRY_TIME the thread polls again, and notifies if the descriptor is still readable.
 *
 *   host: runs a nested main loop of its own inside the dispatch. It has to dispatch in there, too,
 *   and so the thread notifies once more if a dispatch lasts longer than NESTED_TIME. If the dispatch
 *   was just a long one, the host makes one dispatch with nothing to do after it.
 *
 *   host: ends the thread while that is in notify(), which can block until the host does something.
 *   @quit is set and @notifying is read under @lock. If the thread is in notify(), nobody waits for
 *   it: it frees what is left when notify() has returned. Otherwise it does not call notify() any
 *   more, as it reads @quit under @lock before, and is joined.
 *
 *   host: begins a dispatch by itself, just as the thread has found the descriptor readable. The
 *   thread reads @dispatching under @lock, and does not notify. If it has just notified, the host
 *   makes one dispatch with nothing to do.
 */

/* Microseconds. */
#define RETRY_TIME (1 * G_TIME_SPAN_SECOND)
#define NESTED_TIME (5 * G_TIME_SPAN_MILLISECOND)

struct _AioGuestPumpThread
{
  int ref_count; /* atomic; the pump has one, the thread has the other */
  int fd;
  AioGuestPumpNotify notify;
  gpointer notify_data;
  GDestroyNotify notify_destroy;
  AioGuestWakeup *control; /* ends a poll in progress */
  GThread *thread;
  guint fork_generation;

  /* Under @lock: */
  GMutex lock;
  GCond changed;
  gboolean notified;    /* notify() was called, and no dispatch has begun since */
  gboolean notifying;   /* the thread is in notify(), or just about to call it */
  gboolean dispatching; /* a dispatch has begun, and none has ended since */
  guint dispatches;     /* how many have begun */
  gboolean quit;
};

/* A forked child has this object but not the thread, which may have held the lock. */
static gboolean
is_forked (AioGuestPumpThread *self)
{
  return self->fork_generation != aio_guest_fork_generation ();
}

static void
unref (AioGuestPumpThread *self)
{
  GDestroyNotify destroy = self->notify_destroy;
  gpointer data = self->notify_data;

  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  aio_guest_wakeup_free (self->control);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);

  /* The last thing to happen: whoever has given the data knows now that nothing is left. */
  if (destroy != NULL)
    destroy (data);
}

/* With the lock, which is free meanwhile. */
static void
notify (AioGuestPumpThread *self)
{
  self->notified = TRUE;
  self->notifying = TRUE;
  g_mutex_unlock (&self->lock);
  self->notify (self->notify_data);
  g_mutex_lock (&self->lock);
  self->notifying = FALSE;
}

/* With the lock, which is free meanwhile. Returns whether the pump's descriptor is readable. */
static gboolean
wait_for_descriptor (AioGuestPumpThread *self)
{
  GPollFD fds[] = {
    { self->fd, G_IO_IN, 0 },
    { aio_guest_wakeup_get_fd (self->control), G_IO_IN, 0 },
  };

  g_mutex_unlock (&self->lock);
  g_poll (fds, G_N_ELEMENTS (fds), -1);
  g_mutex_lock (&self->lock);

  return fds[0].revents != 0;
}

static gpointer
pump_thread (gpointer data)
{
  AioGuestPumpThread *self = data;

  g_mutex_lock (&self->lock);

  while (!self->quit)
    {
      if (self->notified)
        {
          const gint64 end_time = g_get_monotonic_time () + RETRY_TIME;

          while (self->notified && !self->quit)
            if (!g_cond_wait_until (&self->changed, &self->lock, end_time))
              self->notified = FALSE;
        }
      else if (self->dispatching)
        {
          const gint64 end_time = g_get_monotonic_time () + NESTED_TIME;
          const guint dispatch = self->dispatches;
          gboolean in_time = TRUE;

          while (self->dispatching && self->dispatches == dispatch && !self->quit && in_time)
            in_time = g_cond_wait_until (&self->changed, &self->lock, end_time);

          if (!in_time && self->dispatching && !self->quit)
            notify (self);
        }
      else if (wait_for_descriptor (self) && !self->quit && !self->dispatching)
        {
          notify (self);
        }
    }

  g_mutex_unlock (&self->lock);
  unref (self);

  return NULL;
}

/* Takes over @notify_data, also if it fails. @fd must stay open until aio_guest_pump_thread_end(). */
AioGuestPumpThread *
aio_guest_pump_thread_new (int fd,
                           AioGuestPumpNotify notify_function,
                           gpointer notify_data,
                           GDestroyNotify notify_destroy,
                           GError **error)
{
  AioGuestWakeup *control = aio_guest_wakeup_new (AIO_GUEST_WAKEUP_BEST, error);

  if (control == NULL)
    {
      if (notify_destroy != NULL)
        notify_destroy (notify_data);
      return NULL;
    }

  AioGuestPumpThread *self = g_new0 (AioGuestPumpThread, 1);

  self->ref_count = 2;
  self->fd = fd;
  self->notify = notify_function;
  self->notify_data = notify_data;
  self->notify_destroy = notify_destroy;
  self->control = control;
  self->fork_generation = aio_guest_fork_watch ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);

  self->thread = aio_guest_thread_new ("aioguest-pump", "the thread of a pump", pump_thread, self, error);

  if (self->thread == NULL)
    {
      self->ref_count = 1;
      unref (self);
      return NULL;
    }

  return self;
}

/* Ends the thread and frees its data: at once, or, if the thread is in notify(), when that returns. */
void
aio_guest_pump_thread_end (AioGuestPumpThread *self)
{
  GThread *thread = self->thread;

  /* The lock may have been copied locked, and the data may be in use by the thread of the parent. */
  if (is_forked (self))
    return;

  g_mutex_lock (&self->lock);
  self->quit = TRUE;
  const gboolean notifying = self->notifying;
  g_cond_signal (&self->changed);
  aio_guest_wakeup_signal (self->control);
  g_mutex_unlock (&self->lock);

  if (notifying)
    g_thread_unref (thread);
  else
    g_thread_join (thread);

  unref (self);
}

void
aio_guest_pump_thread_begin_dispatch (AioGuestPumpThread *self)
{
  g_mutex_lock (&self->lock);
  self->notified = FALSE;
  self->dispatching = TRUE;
  self->dispatches++;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
aio_guest_pump_thread_end_dispatch (AioGuestPumpThread *self)
{
  g_mutex_lock (&self->lock);
  self->dispatching = FALSE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}
