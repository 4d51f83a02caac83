/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "aio-guest-fork-private.h"
#include "aio-guest-poller-private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/**
 * AioGuestPoller:
 *
 * Watches the descriptors of a guest for a [class@Run].
 *
 * A guest has one *backend descriptor*, which becomes readable when there is I/O to handle: an
 * epoll or kqueue descriptor, libuv's `uv_backend_fd()`, and so on. A guest without one (a loop
 * over `select()` or `poll()`) passes -1 and names its descriptors one by one with
 * [method@Poller.watch].
 *
 * The poller never takes over a descriptor and never closes one.
 *
 * All functions belong to the thread that the run is attached on.
 *
 * Since: 1.0
 */

/*
 * In DIRECT mode the host's main context polls @watched itself and there is nothing else to do.
 *
 * In THREAD mode the main context polls the descriptor of @ready, and a thread polls @watched:
 *
 *   owner                              thread
 *   arm(): copy, armed, unpark   -->   parked until armed
 *                                      poll (watched, control)
 *   main context: @ready readable <--  not armed any more, signal @ready, park
 *   begin(): acknowledge @ready
 *   the guest's tick; arm()
 *
 * The thread must not poll while the guest ticks, or it would report what is being handled, so
 * it waits to be armed again. Races:
 *
 *   owner: watch() while the thread is in poll(). It is found waiting with an old copy, and
 *   @control is signalled; the thread takes the new copy. The copy is made and @waiting looked at
 *   under @lock, so either the thread has not copied yet, or @waiting is set and @control wakes it;
 *   that it is signalled after @lock is free costs, at worst, one more turn of the thread. While it is
 *   parked the copy has time until it is armed.
 *
 *   owner: tick for another reason while the thread has just signalled @ready, or is about to: it
 *   does so without @lock, when it is not armed any more. The I/O is handled by that tick; @ready is
 *   readable then, or soon, and costs one dispatch with nothing to do.
 *
 *   owner: arm() while the thread finds something ready. Either @armed is FALSE already, and set
 *   again; or it is still TRUE, and @ready is signalled after it: the owner comes back and arms then.
 *
 *   owner: stop() while the thread is anywhere. @quit is set under @lock and looked at under
 *   @lock before each wait; @control ends a poll in progress.
 */

struct _AioGuestPoller
{
  GObject parent_instance;

  int fd;
  AioGuestPollMode mode;
  GArray *watched; /* of GPollFD, the backend descriptor first; owner thread only */
  guint serial;    /* changes with @watched */

  /* THREAD mode */
  GThread *thread;
  guint fork_generation;
  AioGuestWakeup *ready;
  AioGuestWakeup *control;

  GMutex lock;
  GCond unpark;
  GArray *to_poll;      /* (lock) copy of @watched */
  guint to_poll_serial; /* of the copy; owner thread only */
  gboolean armed;       /* (lock) and atomic; the thread is to report the next event */
  gboolean waiting;     /* (lock) the thread is in poll(), or just about to be */
  gboolean quit;        /* (lock) */
  int failure;          /* atomic; the errno that the thread can't go on for, or 0 */
  gboolean closed;      /* atomic; the backend descriptor was found closed */
};

G_DEFINE_FINAL_TYPE (AioGuestPoller, aio_guest_poller, G_TYPE_OBJECT)

/* A forked child has this object but not the thread, which may have held the lock. */
static gboolean
is_forked (AioGuestPoller *self)
{
  return self->fork_generation != aio_guest_fork_generation ();
}

static void
aio_guest_poller_finalize (GObject *object)
{
  AioGuestPoller *self = AIO_GUEST_POLLER (object);
  aio_guest_poller_stop (self);

  g_clear_pointer (&self->ready, aio_guest_wakeup_free);
  g_clear_pointer (&self->control, aio_guest_wakeup_free);
  g_array_unref (self->watched);
  g_array_unref (self->to_poll);

  /* In a forked child the lock may have been copied locked. */
  if (!is_forked (self))
    {
      g_mutex_clear (&self->lock);
      g_cond_clear (&self->unpark);
    }

  G_OBJECT_CLASS (aio_guest_poller_parent_class)->finalize (object);
}

static void
aio_guest_poller_class_init (AioGuestPollerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = aio_guest_poller_finalize;
}

static void
aio_guest_poller_init (AioGuestPoller *self)
{
  self->fd = -1;
  self->mode = AIO_GUEST_POLL_MODE_DIRECT;
  self->fork_generation = aio_guest_fork_watch ();
  self->watched = g_array_new (FALSE, FALSE, sizeof (GPollFD));
  self->to_poll = g_array_new (FALSE, FALSE, sizeof (GPollFD));
  self->to_poll_serial = G_MAXUINT;
  g_mutex_init (&self->lock);
  g_cond_init (&self->unpark);
}

static AioGuestPollMode
resolve_mode (AioGuestPollMode mode)
{
  const char *name = g_getenv ("AIOGUEST_POLL_MODE");

  if (g_strcmp0 (name, "direct") == 0)
    return AIO_GUEST_POLL_MODE_DIRECT;
  if (g_strcmp0 (name, "thread") == 0)
    return AIO_GUEST_POLL_MODE_THREAD;
  if (name != NULL && *name != '\0')
    g_warning_once ("AIOGUEST_POLL_MODE is \"%s\"; it can be \"direct\" or \"thread\"", name);

  return mode == AIO_GUEST_POLL_MODE_AUTO ? AIO_GUEST_POLL_MODE_DIRECT : mode;
}

static gboolean
check_open (int fd, struct stat *st, GError **error)
{
  if (fstat (fd, st) < 0)
    {
      int saved_errno = errno;

      g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_NOT_POLLABLE,
                   "descriptor %d can't be watched: %s", fd, g_strerror (saved_errno));
      return FALSE;
    }

  return TRUE;
}

/* A regular file is readable for ever, so as a backend it would tell of nothing. */
static gboolean
check_backend (int fd, GError **error)
{
  struct stat st;

  if (!check_open (fd, &st, error))
    return FALSE;

  if (S_ISREG (st.st_mode) || S_ISDIR (st.st_mode))
    {
      g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_NOT_POLLABLE,
                   "descriptor %d can't be a backend: it is a file, which is always ready", fd);
      return FALSE;
    }

  return TRUE;
}

/**
 * aio_guest_poller_new:
 * @fd: the guest's backend descriptor, or -1 if it has none
 * @mode: how to watch it
 * @error: return location for a #GError
 *
 * Creates a poller for a guest.
 *
 * @fd is borrowed: it must stay open as long as the run goes on, and is never closed here. A run
 * whose backend descriptor is closed behind its back ends with
 * %AIO_GUEST_ERROR_NOT_POLLABLE.
 *
 * Returns: (transfer full): a new poller; %NULL, with @error set, if @fd can't be polled
 *
 * Since: 1.0
 */
AioGuestPoller *
aio_guest_poller_new (int fd, AioGuestPollMode mode, GError **error)
{
  g_return_val_if_fail (fd >= -1, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return aio_guest_poller_new_full (fd, mode, AIO_GUEST_WAKEUP_BEST, error);
}

AioGuestPoller *
aio_guest_poller_new_full (int fd, AioGuestPollMode mode, AioGuestWakeupKind kind, GError **error)
{
  g_autoptr (AioGuestPoller) self = g_object_new (AIO_GUEST_TYPE_POLLER, NULL);

  self->fd = fd;
  self->mode = resolve_mode (mode);

  if (fd >= 0 && !(check_backend (fd, error) && aio_guest_poller_watch (self, fd, G_IO_IN, error)))
    return NULL;

  if (self->mode == AIO_GUEST_POLL_MODE_THREAD &&
      ((self->ready = aio_guest_wakeup_new (kind, error)) == NULL ||
       (self->control = aio_guest_wakeup_new (kind, error)) == NULL))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * aio_guest_poller_get_fd:
 * @self: a poller
 *
 * Gets the guest's backend descriptor.
 *
 * Returns: the descriptor, or -1 if the guest has none
 *
 * Since: 1.0
 */
int
aio_guest_poller_get_fd (AioGuestPoller *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_POLLER (self), -1);

  return self->fd;
}

/**
 * aio_guest_poller_get_mode:
 * @self: a poller
 *
 * Gets how the descriptors are watched.
 *
 * Returns: the mode, never %AIO_GUEST_POLL_MODE_AUTO
 *
 * Since: 1.0
 */
AioGuestPollMode
aio_guest_poller_get_mode (AioGuestPoller *self)
{
  g_return_val_if_fail (AIO_GUEST_IS_POLLER (self), AIO_GUEST_POLL_MODE_AUTO);

  return self->mode;
}

/* Hands the thread what is to be polled: to a parked one only if it is to be armed. */
static void
tell_thread (AioGuestPoller *self, gboolean arm)
{
  const gboolean changed = self->to_poll_serial != self->serial;
  gboolean poke = FALSE;
  gboolean unpark = FALSE;

  if (self->thread == NULL || is_forked (self))
    return;

  /* The thread disarms itself just before it signals @ready, and then there is another tick. */
  if (!changed && g_atomic_int_get (&self->armed))
    return;

  g_mutex_lock (&self->lock);

  if (arm || self->armed)
    {
      if (changed)
        {
          g_array_set_size (self->to_poll, 0);
          if (self->watched->len > 0)
            g_array_append_vals (self->to_poll, self->watched->data, self->watched->len);
          self->to_poll_serial = self->serial;
        }

      g_atomic_int_set (&self->armed, TRUE);
      poke = self->waiting;
      unpark = !poke;
    }

  g_mutex_unlock (&self->lock);

  /* Without the lock, which it would run into at once. */
  if (poke)
    aio_guest_wakeup_signal (self->control);
  if (unpark)
    g_cond_signal (&self->unpark);
}

static GPollFD *
find_watched (AioGuestPoller *self, int fd, guint *index)
{
  for (guint i = 0; i < self->watched->len; i++)
    {
      GPollFD *poll_fd = &g_array_index (self->watched, GPollFD, i);

      if (poll_fd->fd == fd)
        {
          if (index != NULL)
            *index = i;
          return poll_fd;
        }
    }

  return NULL;
}

/**
 * aio_guest_poller_watch:
 * @self: a poller
 * @fd: a descriptor of the guest
 * @condition: what to watch it for
 * @error: return location for a #GError
 *
 * Watches one more descriptor, or watches one for something else than before.
 *
 * The change takes effect at the host's next iteration. To be called on the owner thread; the
 * guest's tick is the usual place.
 *
 * As for `poll()`, a regular file is always ready.
 *
 * Returns: whether @fd is open
 *
 * Since: 1.0
 */
gboolean
aio_guest_poller_watch (AioGuestPoller *self, int fd, GIOCondition condition, GError **error)
{
  g_return_val_if_fail (AIO_GUEST_IS_POLLER (self), FALSE);
  g_return_val_if_fail (fd >= 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  GPollFD *known = find_watched (self, fd, NULL);

  if (known != NULL && known->events == condition)
    return TRUE;

  if (known != NULL)
    {
      known->events = (gushort) condition;
    }
  else
    {
      const GPollFD poll_fd = { fd, (gushort) condition, 0 };
      struct stat st;

      if (!check_open (fd, &st, error))
        return FALSE;

      g_array_append_val (self->watched, poll_fd);
    }

  self->serial++;
  tell_thread (self, FALSE);
  return TRUE;
}

/**
 * aio_guest_poller_unwatch:
 * @self: a poller
 * @fd: a descriptor of the guest
 *
 * Stops watching a descriptor. It may have been closed already.
 *
 * Returns: whether it was watched
 *
 * Since: 1.0
 */
gboolean
aio_guest_poller_unwatch (AioGuestPoller *self, int fd)
{
  guint index;

  g_return_val_if_fail (AIO_GUEST_IS_POLLER (self), FALSE);

  if (find_watched (self, fd, &index) == NULL)
    return FALSE;

  g_array_remove_index (self->watched, index);
  self->serial++;
  tell_thread (self, FALSE);
  return TRUE;
}

static gpointer
poll_thread (gpointer data)
{
  AioGuestPoller *self = data;
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
      int failure = n_ready < 0 && errno != EINTR                         ? errno
                    : n_ready > 0 && (polled[0].revents & G_IO_NVAL) != 0 ? EBADF
                                                                          : 0;

      g_mutex_lock (&self->lock);
      self->waiting = FALSE;

      /* It would fail again at once, so the owner is to end the run. */
      if (failure != 0)
        {
          g_atomic_int_set (&self->failure, failure);
          g_atomic_int_set (&self->armed, FALSE);
          aio_guest_wakeup_signal (self->ready);
        }
      else if (n_ready > 0 && polled[0].revents != 0)
        {
          /* The set has changed, or it is time to go; what else is ready is found again. */
          aio_guest_wakeup_acknowledge (self->control);
        }
      else if (n_ready > 0)
        {
          if (self->fd >= 0 && polled[1].fd == self->fd && (polled[1].revents & G_IO_NVAL) != 0)
            g_atomic_int_set (&self->closed, TRUE);

          g_atomic_int_set (&self->armed, FALSE);

          /* Without the lock, which the owner is to find free. */
          g_mutex_unlock (&self->lock);
          aio_guest_wakeup_signal (self->ready);
          g_mutex_lock (&self->lock);
        }
    }

  g_mutex_unlock (&self->lock);
  return NULL;
}

/* Starts the thread, if this mode has one. It is the owner thread's to stop. */
gboolean
aio_guest_poller_start (AioGuestPoller *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (self->mode != AIO_GUEST_POLL_MODE_THREAD || self->thread != NULL)
    return TRUE;

  self->quit = FALSE;
  self->armed = FALSE;
  self->closed = FALSE;
  self->failure = 0;
  self->fork_generation = aio_guest_fork_watch ();
  self->thread = g_thread_try_new ("aioguest-poll", poll_thread, self, &local_error);

  if (self->thread == NULL)
    {
      g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM,
                   "can't start the polling thread: %s", local_error->message);
      return FALSE;
    }

  return TRUE;
}

/* Joins the thread, if there is one: it waits for nothing but the descriptors and @control. */
void
aio_guest_poller_stop (AioGuestPoller *self)
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

/* Changes whenever the host must poll other descriptors than before. */
guint
aio_guest_poller_get_serial (AioGuestPoller *self)
{
  return self->mode == AIO_GUEST_POLL_MODE_THREAD ? 0 : self->serial;
}

/* What the host's main context is to poll; never empty in THREAD mode. */
GPollFD *
aio_guest_poller_dup_poll_fds (AioGuestPoller *self, guint *n_fds)
{
  if (self->mode == AIO_GUEST_POLL_MODE_THREAD)
    {
      GPollFD *poll_fd = g_new0 (GPollFD, 1);

      poll_fd->fd = aio_guest_wakeup_get_fd (self->ready);
      poll_fd->events = G_IO_IN;
      *n_fds = 1;
      return poll_fd;
    }

  *n_fds = self->watched->len;
  return g_memdup2 (self->watched->data, self->watched->len * sizeof (GPollFD));
}

/* Before a tick: takes note of what the host saw of the first descriptor it polls. FALSE if the
 * backend has been closed. */
gboolean
aio_guest_poller_begin (AioGuestPoller *self, GIOCondition seen, GError **error)
{
  gboolean closed = FALSE;
  int failure = 0;

  if (self->mode == AIO_GUEST_POLL_MODE_THREAD)
    {
      if (seen != 0)
        aio_guest_wakeup_acknowledge (self->ready);

      failure = (seen & G_IO_NVAL) != 0 ? EBADF : g_atomic_int_get (&self->failure);
      closed = g_atomic_int_get (&self->closed);
    }
  else
    {
      closed = self->fd >= 0 && (seen & G_IO_NVAL) != 0;
    }

  if (closed)
    g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_NOT_POLLABLE,
                 "the guest's backend descriptor %d was closed in mid-run", self->fd);
  else if (failure != 0)
    g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM,
                 "the polling thread can't wait: %s", g_strerror (failure));

  return !closed && failure == 0;
}

/* After a tick that found nothing left to do: the next event is to be reported. */
void
aio_guest_poller_arm (AioGuestPoller *self)
{
  tell_thread (self, TRUE);
}
