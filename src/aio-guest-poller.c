/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "aio-guest-poll-thread-private.h"
#include "aio-guest-poller-private.h"

#include <errno.h>
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
 * In DIRECT mode the host's main context polls @watched itself and there is nothing else to do. In
 * THREAD mode it polls a descriptor of the thread's, which polls a copy.
 */

struct _AioGuestPoller
{
  GObject parent_instance;

  int fd;
  AioGuestPollMode mode;
  GArray *watched; /* of GPollFD, the backend descriptor first */
  guint serial;    /* changes with @watched */

  AioGuestPollThread *thread; /* NULL in DIRECT mode */
};

G_DEFINE_FINAL_TYPE (AioGuestPoller, aio_guest_poller, G_TYPE_OBJECT)

static void
aio_guest_poller_finalize (GObject *object)
{
  AioGuestPoller *self = AIO_GUEST_POLLER (object);

  g_clear_pointer (&self->thread, aio_guest_poll_thread_free);
  g_array_unref (self->watched);

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
  self->watched = g_array_new (FALSE, FALSE, sizeof (GPollFD));
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
    g_warning_once ("AIOGUEST_POLL_MODE is \"%s\"; it must be \"direct\" or \"thread\"", name);

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
      (self->thread = aio_guest_poll_thread_new (fd, kind, error)) == NULL)
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

static void
note_change (AioGuestPoller *self)
{
  self->serial++;

  if (self->thread != NULL)
    aio_guest_poll_thread_update (self->thread, self->watched, self->serial, FALSE);
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
 * A descriptor that was closed, and whose number now stands for another file, is to be watched
 * again, also if it is for the same.
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
    {
      /* The main context asks for the number anew in each turn, but a thread that is in poll() waits
       * for the file that it stood for when that began. */
      if (self->thread != NULL)
        note_change (self);
      return TRUE;
    }

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

  note_change (self);
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
  note_change (self);
  return TRUE;
}

/* Starts the thread, if this mode has one. It is the owner thread's to stop. */
gboolean
aio_guest_poller_start (AioGuestPoller *self, GError **error)
{
  return self->thread == NULL || aio_guest_poll_thread_start (self->thread, error);
}

/* Joins the thread, if there is one. */
void
aio_guest_poller_stop (AioGuestPoller *self)
{
  if (self->thread != NULL)
    aio_guest_poll_thread_stop (self->thread);
}

/* Changes whenever the host must poll other descriptors than before. */
guint
aio_guest_poller_get_serial (AioGuestPoller *self)
{
  return self->thread != NULL ? 0 : self->serial;
}

/* What the host's main context is to poll; never empty in THREAD mode. */
GPollFD *
aio_guest_poller_dup_poll_fds (AioGuestPoller *self, guint *n_fds)
{
  if (self->thread != NULL)
    {
      GPollFD *poll_fd = g_new0 (GPollFD, 1);

      poll_fd->fd = aio_guest_poll_thread_get_fd (self->thread);
      poll_fd->events = G_IO_IN;
      *n_fds = 1;
      return poll_fd;
    }

  *n_fds = self->watched->len;
  return g_memdup2 (self->watched->data, self->watched->len * sizeof (GPollFD));
}

static gboolean
fail_for_closed_backend (AioGuestPoller *self, GError **error)
{
  g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_NOT_POLLABLE,
               "the guest's backend descriptor %d was closed during the run", self->fd);
  return FALSE;
}

static gboolean
begin_with_thread (AioGuestPoller *self, GIOCondition seen, GError **error)
{
  gboolean closed;
  int failure = aio_guest_poll_thread_begin (self->thread, seen, &closed);

  if (closed)
    return fail_for_closed_backend (self, error);

  if (failure != 0)
    g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM,
                 "the polling thread can't wait: %s", g_strerror (failure));

  return failure == 0;
}

/* Before a tick: takes note of what the host saw of the first descriptor it polls. FALSE if the
 * guest can't be heard of any more. */
gboolean
aio_guest_poller_begin (AioGuestPoller *self, GIOCondition seen, GError **error)
{
  if (self->thread != NULL)
    return begin_with_thread (self, seen, error);

  if (self->fd >= 0 && (seen & G_IO_NVAL) != 0 && self->watched->len > 0 &&
      g_array_index (self->watched, GPollFD, 0).fd == self->fd)
    return fail_for_closed_backend (self, error);

  return TRUE;
}

/* After a tick that found nothing left to do: the next event is to be reported. */
void
aio_guest_poller_arm (AioGuestPoller *self)
{
  if (self->thread != NULL)
    aio_guest_poll_thread_update (self->thread, self->watched, self->serial, TRUE);
}
