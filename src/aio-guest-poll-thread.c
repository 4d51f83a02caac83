/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-fork-private.h"
#include "aio-guest-poll-thread-private.h"
#include "aio-guest-thread-private.h"

#include <errno.h>

/*
 * The main context polls the descriptor of @ready. A thread polls those of the guest:
 *
 *   owner                              thread
 *   arm: copy, armed, unpark     -->   parked until armed
 *                                      poll (the copy, control)
 *   main context: @ready readable <--  not armed any more, signal @ready, park
 *   begin(): acknowledge @ready
 *   the guest's tick; arm
 *
 * The thread must not poll while the guest ticks, or it would report I/O that is being handled. So
 * it waits to be armed again. Races:
 *
 *   owner: changes the descriptors while the thread is in poll(). The thread waits with an old copy
 *   then. @control is signalled, and the thread takes the new copy. The copy is made and @waiting
 *   is read under @lock. So either the thread has not copied yet, or @waiting is set and @control
 *   wakes it. @control is signalled after @lock is free: at worst, that costs one more turn of the
 *   thread. While the thread is parked, it gets a new copy only when it is armed.
 *
 *   owner: ticks for another reason while the thread has just signalled @ready, or is about to.
 *   (The thread signals without @lock, when it is not armed any more.) That tick handles the I/O.
 *   @ready is readable then, or soon, and costs one dispatch with nothing to do.
 *
 *   owner: arms while the thread finds something ready. If @armed is FALSE already, it is set
 *   again. If it is still TRUE, @ready is signalled later: the owner comes back, and arms then.
 *
 *   owner: stops the thread while that is anywhere. @quit is set under @lock, and read under @lock
 *   before each wait. @control ends a poll in progress.
 */

struct _AioGuestPollThread
{
  int backend_fd;
  GThread *thread;
  guint fork_generation;
  AioGuestWakeup *ready;
  AioGuestWakeup *control;

  GMutex lock;
  GCond unpark;
  GArray *to_poll;      /* (lock) of GPollFD: copy of what the poller watches */
  guint to_poll_serial; /* of the copy; owner thread only */
  gboolean armed;       /* the thread must report the next event */
  gboolean waiting;     /* (lock) the thread is in poll(), or just about to be */
  gboolean quit;        /* (lock) */
  int failure;          /* atomic; the errno of the error that stops the thread, or 0 */
  gboolean closed;      /* atomic; the backend descriptor was found closed */
};

/* A forked child has this object but not the thread, which may have held the lock. */
static gboolean
is_forked (AioGuestPollThread *self)
{
  return self->fork_generation != aio_guest_fork_generation ();
}

AioGuestPollThread *
aio_guest_poll_thread_new (int backend_fd, AioGuestWakeupKind kind, GError **error)
{
  g_autoptr (AioGuestPollThread) self = g_new0 (AioGuestPollThread, 1);

  self->backend_fd = backend_fd;
  self->fork_generation = aio_guest_fork_watch ();
  self->to_poll = g_array_new (FALSE, FALSE, sizeof (GPollFD));
  self->to_poll_serial = G_MAXUINT;
  g_mutex_init (&self->lock);
  g_cond_init (&self->unpark);

  if ((self->ready = aio_guest_wakeup_new (kind, error)) == NULL ||
      (self->control = aio_guest_wakeup_new (kind, error)) == NULL)
    return NULL;

  return g_steal_pointer (&self);
}

void
aio_guest_poll_thread_free (AioGuestPollThread *self)
{
  aio_guest_poll_thread_stop (self);

  g_clear_pointer (&self->ready, aio_guest_wakeup_free);
  g_clear_pointer (&self->control, aio_guest_wakeup_free);
  g_array_unref (self->to_poll);

  /* In a forked child the lock may have been copied locked. */
  if (!is_forked (self))
    {
      g_mutex_clear (&self->lock);
      g_cond_clear (&self->unpark);
    }

  g_free (self);
}

static gpointer
poll_thread (gpointer data)
{
  AioGuestPollThread *self = data;
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (GPollFD));
  const GPollFD control = { aio_guest_wakeup_get_fd (self->control), G_IO_IN, 0 };

  g_mutex_lock (&self->lock);

  for (;;)
    {
      while (!self->armed && !self->quit)
        g_cond_wait (&self->unpark, &self->lock);

      if (self->quit)
        break;

      g_array_set_size (fds, 0);
      g_array_append_val (fds, control);
      if (self->to_poll->len > 0)
        g_array_append_vals (fds, self->to_poll->data, self->to_poll->len);

      self->waiting = TRUE;
      g_mutex_unlock (&self->lock);

      GPollFD *polled = &g_array_index (fds, GPollFD, 0);
      int n_ready = g_poll (polled, fds->len, -1);
      int failure = 0;

      if (n_ready < 0 && errno != EINTR)
        failure = errno;
      else if (n_ready > 0 && (polled[0].revents & G_IO_NVAL) != 0)
        failure = EBADF;

      g_mutex_lock (&self->lock);
      self->waiting = FALSE;

      /* It would fail again at once, so the owner must end the run. */
      if (failure != 0)
        {
          g_atomic_int_set (&self->failure, failure);
          g_atomic_int_set (&self->armed, FALSE);
          aio_guest_wakeup_signal (self->ready);
        }
      else if (n_ready > 0 && polled[0].revents != 0)
        {
          /* The descriptors have changed, or the thread must end. Others that are ready are found
           * again. */
          aio_guest_wakeup_acknowledge (self->control);
        }
      else if (n_ready > 0)
        {
          if (self->backend_fd >= 0 && polled[1].fd == self->backend_fd &&
              (polled[1].revents & G_IO_NVAL) != 0)
            g_atomic_int_set (&self->closed, TRUE);

          g_atomic_int_set (&self->armed, FALSE);

          /* Without the lock: the owner, which this wakes, would have to wait for it. */
          g_mutex_unlock (&self->lock);
          aio_guest_wakeup_signal (self->ready);
          g_mutex_lock (&self->lock);
        }
    }

  g_mutex_unlock (&self->lock);
  return NULL;
}

/* Starts the thread, unless it was started already. Only the owner thread may stop it. */
gboolean
aio_guest_poll_thread_start (AioGuestPollThread *self, GError **error)
{
  if (self->thread != NULL)
    return TRUE;

  self->quit = FALSE;
  self->armed = FALSE;
  self->closed = FALSE;
  self->failure = 0;
  self->fork_generation = aio_guest_fork_watch ();

  self->thread = aio_guest_thread_new ("aioguest-poll", "the polling thread", poll_thread, self, error);

  return self->thread != NULL;
}

/* Ends and joins the thread, if it was started. That does not take long: it waits only for the
 * descriptors, @control and @unpark. */
void
aio_guest_poll_thread_stop (AioGuestPollThread *self)
{
  if (self->thread == NULL)
    return;

  if (is_forked (self))
    {
      g_clear_pointer (&self->thread, g_thread_unref);
      return;
    }

  g_mutex_lock (&self->lock);
  self->quit = TRUE;
  g_cond_signal (&self->unpark);
  aio_guest_wakeup_signal (self->control);
  g_mutex_unlock (&self->lock);

  g_thread_join (g_steal_pointer (&self->thread));
  aio_guest_wakeup_acknowledge (self->control);
}

/* Returns the descriptor that the host's main context must poll for reading. */
int
aio_guest_poll_thread_get_fd (AioGuestPollThread *self)
{
  return aio_guest_wakeup_get_fd (self->ready);
}

/* To be called before a tick. @seen is what the main context has seen of the descriptor to poll.
 * Returns the errno of the error that stops the thread, or 0. Sets whether the descriptor of the
 * backend was found closed. */
int
aio_guest_poll_thread_begin (AioGuestPollThread *self, GIOCondition seen, gboolean *backend_closed)
{
  if (seen != 0)
    aio_guest_wakeup_acknowledge (self->ready);

  *backend_closed = g_atomic_int_get (&self->closed);

  return (seen & G_IO_NVAL) != 0 ? EBADF : g_atomic_int_get (&self->failure);
}

/* Gives the thread the descriptors to poll. If it is parked, it gets them only if @arm is TRUE.
 * @serial changes whenever @watched does. */
void
aio_guest_poll_thread_update (AioGuestPollThread *self,
                              const GArray *watched,
                              guint serial,
                              gboolean arm)
{
  const gboolean changed = self->to_poll_serial != serial;
  gboolean poke = FALSE;
  gboolean unpark = FALSE;

  if (self->thread == NULL || is_forked (self))
    return;

  /* If it is armed, the thread disarms itself just before it signals @ready. Then there is another
   * tick. */
  if (!changed && g_atomic_int_get (&self->armed))
    return;

  g_mutex_lock (&self->lock);

  if (arm || self->armed)
    {
      if (changed)
        {
          g_array_set_size (self->to_poll, 0);
          if (watched->len > 0)
            g_array_append_vals (self->to_poll, watched->data, watched->len);
          self->to_poll_serial = serial;
        }

      g_atomic_int_set (&self->armed, TRUE);
      poke = self->waiting;
      unpark = !poke;
    }

  g_mutex_unlock (&self->lock);

  /* Without the lock: the thread, which this wakes, would have to wait for it. */
  if (poke)
    aio_guest_wakeup_signal (self->control);
  if (unpark)
    g_cond_signal (&self->unpark);
}
