/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error-private.h"
#include "aio-guest-poll-set-private.h"

#include <errno.h>
#include <unistd.h>

#ifdef HAVE_EPOLL

#include <sys/epoll.h>

/*
 * The set is an epoll set with a second one in it:
 *
 *   outer: what add_permanent() adds, and the descriptor of
 *   inner: what update() names
 *
 * The descriptor of @outer is known outside, and so it stays the same. @inner is made anew whenever
 * update() names other descriptors or events than before, and also if the list is the same, but a
 * descriptor was closed meanwhile. Its number may belong to another file then, of which epoll does not
 * know. And epoll goes on reporting the old file if another descriptor, such as a copy or that of a
 * child process, refers to it. In both cases epoll refuses to modify the entry of that number, and for
 * that alone update() modifies each entry.
 *
 * poll() reports regular files as ready at all times, and closed descriptors as invalid. epoll takes
 * neither. update() tells of them.
 */

struct _AioGuestPollSet
{
  int outer;
  int inner;
  gboolean muted;        /* @inner is in @outer, but without events */
  GArray *members;       /* of GPollFD: what @inner was made from */
  gboolean always_ready; /* poll() reports a member that epoll does not take */
};

static gboolean
add (int set, int fd, guint32 events)
{
  struct epoll_event event = { .events = events, .data.fd = fd };

  return epoll_ctl (set, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Makes @inner anew from @members. Returns FALSE with errno set if the system refuses it. */
static gboolean
make_inner (AioGuestPollSet *self)
{
  const int inner = epoll_create1 (EPOLL_CLOEXEC);

  if (inner < 0)
    return FALSE;

  self->always_ready = FALSE;

  for (guint i = 0; i < self->members->len; i++)
    {
      const GPollFD *member = &g_array_index (self->members, GPollFD, i);

      if (!add (inner, member->fd, member->events))
        self->always_ready = TRUE;
    }

  /* To close it is not enough: a forked child may have a copy. */
  if (self->inner >= 0)
    {
      epoll_ctl (self->outer, EPOLL_CTL_DEL, self->inner, NULL);
      close (self->inner);
    }
  self->inner = inner;

  return add (self->outer, inner, self->muted ? 0 : EPOLLIN);
}

AioGuestPollSet *
aio_guest_poll_set_new (GError **error)
{
  g_autoptr (AioGuestPollSet) self = g_new0 (AioGuestPollSet, 1);

  self->inner = -1;
  self->outer = epoll_create1 (EPOLL_CLOEXEC);
  self->members = g_array_new (FALSE, FALSE, sizeof (GPollFD));

  if (self->outer < 0 || !make_inner (self))
    {
      /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it knows nothing of g_autoptr. */
      aio_guest_set_system_error (error, errno, "can't make an epoll set");
      return NULL;
    }

  return g_steal_pointer (&self);
}

/* Changes nothing in the sets themselves: a process that has forked shares them with its parent. */
void
aio_guest_poll_set_free (AioGuestPollSet *self)
{
  if (self->outer >= 0)
    close (self->outer);
  if (self->inner >= 0)
    close (self->inner);

  g_array_unref (self->members);
  g_free (self);
}

/* The descriptor to poll for reading; it stays owned by @self. */
int
aio_guest_poll_set_get_fd (AioGuestPollSet *self)
{
  return self->outer;
}

/* Adds a descriptor that is watched for reading as long as there is the set. */
gboolean
aio_guest_poll_set_add_permanent (AioGuestPollSet *self, int fd, GError **error)
{
  if (!add (self->outer, fd, EPOLLIN))
    {
      aio_guest_set_system_error (error, errno, "can't add a descriptor to an epoll set");
      return FALSE;
    }

  return TRUE;
}

/* Whether @inner has just what @fds names. */
static gboolean
is_up_to_date (AioGuestPollSet *self, const GPollFD *fds, guint n_fds)
{
  if (self->always_ready || self->members->len != n_fds)
    return FALSE;

  for (guint i = 0; i < n_fds; i++)
    {
      const GPollFD *member = &g_array_index (self->members, GPollFD, i);
      struct epoll_event event = { .events = fds[i].events, .data.fd = fds[i].fd };

      if (fds[i].fd != member->fd || fds[i].events != member->events ||
          epoll_ctl (self->inner, EPOLL_CTL_MOD, fds[i].fd, &event) < 0)
        return FALSE;
    }

  return TRUE;
}

/* Has the set watch these descriptors, each of which is named once, for the events of GPollFD, whose
 * values are those of epoll. Returns whether poll() would report one of them at all times. It does the
 * same if the system refuses to make the set anew: then only poll() can tell what is ready. */
gboolean
aio_guest_poll_set_update (AioGuestPollSet *self, const GPollFD *fds, guint n_fds)
{
  if (is_up_to_date (self, fds, n_fds))
    return FALSE;

  g_array_set_size (self->members, 0);
  if (n_fds > 0)
    g_array_append_vals (self->members, fds, n_fds);

  if (!make_inner (self))
    self->always_ready = TRUE;

  return self->always_ready;
}

/* Whether a descriptor that update() has named has an event, also while the set is muted. */
gboolean
aio_guest_poll_set_is_ready (AioGuestPollSet *self)
{
  struct epoll_event event;

  return epoll_wait (self->inner, &event, 1, 0) > 0;
}

/* While it is muted, only the permanent descriptors make it readable. */
void
aio_guest_poll_set_mute (AioGuestPollSet *self, gboolean muted)
{
  struct epoll_event event = { .events = muted ? 0 : EPOLLIN, .data.fd = self->inner };

  if (muted == self->muted)
    return;

  epoll_ctl (self->outer, EPOLL_CTL_MOD, self->inner, &event);
  self->muted = muted;
}

#else

AioGuestPollSet *
aio_guest_poll_set_new (GError **error)
{
  g_set_error_literal (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM,
                       "this platform has no epoll");
  return NULL;
}

void
aio_guest_poll_set_free (G_GNUC_UNUSED AioGuestPollSet *self)
{
  g_assert_not_reached ();
}

int
aio_guest_poll_set_get_fd (G_GNUC_UNUSED AioGuestPollSet *self)
{
  g_assert_not_reached ();
}

gboolean
aio_guest_poll_set_add_permanent (G_GNUC_UNUSED AioGuestPollSet *self,
                                  G_GNUC_UNUSED int fd,
                                  G_GNUC_UNUSED GError **error)
{
  g_assert_not_reached ();
}

gboolean
aio_guest_poll_set_update (G_GNUC_UNUSED AioGuestPollSet *self,
                           G_GNUC_UNUSED const GPollFD *fds,
                           G_GNUC_UNUSED guint n_fds)
{
  g_assert_not_reached ();
}

gboolean
aio_guest_poll_set_is_ready (G_GNUC_UNUSED AioGuestPollSet *self)
{
  g_assert_not_reached ();
}

void
aio_guest_poll_set_mute (G_GNUC_UNUSED AioGuestPollSet *self, G_GNUC_UNUSED gboolean muted)
{
  g_assert_not_reached ();
}

#endif
