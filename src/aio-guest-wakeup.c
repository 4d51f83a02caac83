/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error-private.h"
#include "aio-guest-wakeup-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#ifdef HAVE_EVENTFD
#include <sys/eventfd.h>
#endif

/*
 * Both kinds keep one promise: after signal() the descriptor is readable until acknowledge(),
 * however many signals there were, and no signal is lost:
 *
 *   thread A (owner)             thread B (signaller)
 *   acknowledge(): read
 *                                state = changed; signal(): write
 *   look at the state
 *
 * A acknowledges before it looks. If B's write comes before A's read, A sees the change when it
 * looks; if it comes after, the descriptor is readable again and A comes back.
 *
 * Every descriptor is close-on-exec and non-blocking: a full pipe is as readable as it can be,
 * and after a nested main loop an acknowledge may find that it has already been done.
 */

struct _AioGuestWakeup
{
  int read_fd;
  int write_fd;
};

static gboolean
open_descriptors (AioGuestWakeup *self, AioGuestWakeupKind kind)
{
#ifdef HAVE_EVENTFD
  if (kind == AIO_GUEST_WAKEUP_EVENTFD)
    {
      self->read_fd = self->write_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);

      /* ENOSYS: this kernel has no eventfd, or a filter of system calls says so. A pipe, then. */
      if (self->read_fd >= 0 || errno != ENOSYS)
        return self->read_fd >= 0;
    }
#endif

  int fds[2];

  if (!g_unix_open_pipe (fds, FD_CLOEXEC, NULL))
    return FALSE;

  self->read_fd = fds[0];
  self->write_fd = fds[1];

  return g_unix_set_fd_nonblocking (fds[0], TRUE, NULL) &&
         g_unix_set_fd_nonblocking (fds[1], TRUE, NULL);
}

AioGuestWakeup *
aio_guest_wakeup_new (AioGuestWakeupKind kind, GError **error)
{
  g_autoptr (AioGuestWakeup) self = g_new (AioGuestWakeup, 1);

  self->read_fd = self->write_fd = -1;

  if (!open_descriptors (self, kind))
    {
      /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it knows nothing of g_autoptr. */
      aio_guest_set_system_error (error, errno, "can't open a wakeup descriptor");
      return NULL;
    }

  return g_steal_pointer (&self);
}

void
aio_guest_wakeup_free (AioGuestWakeup *self)
{
  if (self->write_fd >= 0 && self->write_fd != self->read_fd)
    close (self->write_fd);
  if (self->read_fd >= 0)
    close (self->read_fd);

  g_free (self);
}

/* The descriptor to poll for reading; it stays owned by @self. */
int
aio_guest_wakeup_get_fd (AioGuestWakeup *self)
{
  return self->read_fd;
}

/* Any thread. Writes eight bytes, because an eventfd takes no fewer. */
void
aio_guest_wakeup_signal (AioGuestWakeup *self)
{
  const guint64 one = 1;
  ssize_t written;

  do
    written = write (self->write_fd, &one, sizeof one);
  while (written < 0 && errno == EINTR);

  /* EAGAIN: the counter or the pipe is full, so it is readable already. Any other error means that
   * somebody has closed the descriptor, which the polling side notices by itself. */
  if (written < 0 && errno != EAGAIN)
    g_warning_once ("can't write to a wakeup descriptor: %s", g_strerror (errno));
}

/* The polling thread only. */
void
aio_guest_wakeup_acknowledge (AioGuestWakeup *self)
{
  guint64 buffer[64];
  ssize_t n;

  /* An eventfd is empty after one read, a pipe after a short read. */
  do
    n = read (self->read_fd, buffer, sizeof buffer);
  while (n == sizeof buffer || (n < 0 && errno == EINTR));
}
