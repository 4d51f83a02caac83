/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "model.h"
#include "trace.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "aio-guest-poller-private.h"

/* The life of a guest. */

ModelGuest *
model_guest_new (guint slot)
{
  static const guint slices[] = { 1000, 1, 5000, G_MAXUINT };
  static const guint periods[] = { 5000, 1, 100, 1000000 };
  static const AioGuestWakeupKind kinds[] = { AIO_GUEST_WAKEUP_BEST, AIO_GUEST_WAKEUP_BEST,
                                              AIO_GUEST_WAKEUP_PIPE };
  Input *input = &world.input;
  g_autoptr (GError) error = NULL;
  ModelGuest *self = g_new0 (ModelGuest, 1);
  const guint mode = input_choose (input, 3);

  self->slot = slot;
  self->deadline = -1;
  self->is_new = TRUE;
  self->backend_fd = -1;
  self->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  g_assert (self->event_fd >= 0);

  if (input_choose (input, 4) != 3)
    {
      struct epoll_event event = { .events = EPOLLIN };
      int fd = epoll_create1 (EPOLL_CLOEXEC);

      self->backend_fd = fcntl (fd, F_DUPFD_CLOEXEC, world.next_fd++);
      self->watched = TRUE;
      close (fd);
      g_assert (self->backend_fd >= 0);
      g_assert (epoll_ctl (self->backend_fd, EPOLL_CTL_ADD, self->event_fd, &event) == 0);
    }

  self->poller = aio_guest_poller_new_full (self->backend_fd,
                                            mode == 0 ? AIO_GUEST_POLL_MODE_DIRECT
                                                      : AIO_GUEST_POLL_MODE_THREAD,
                                            kinds[mode], &error);
  g_assert_no_error (error);
  /* AIOGUEST_POLL_MODE may know better. */
  self->threaded = aio_guest_poller_get_mode (self->poller) == AIO_GUEST_POLL_MODE_THREAD;
  self->run = aio_guest_run_new (self->poller, model_guest_tick, self, model_guest_note_destroyed);
  g_set_weak_pointer (&self->alive_run, self->run);
  g_set_weak_pointer (&self->alive_poller, self->poller);
  g_signal_connect (self->run, "finished", G_CALLBACK (model_guest_note_finished), self);

  aio_guest_run_set_priority (self->run, input_choose_priority (input));
  aio_guest_run_set_slice (self->run, slices[input_choose (input, G_N_ELEMENTS (slices))]);
  aio_guest_run_set_period (self->run, periods[input_choose (input, G_N_ELEMENTS (periods))]);
  aio_guest_run_set_reentrant (self->run, input_choose (input, 2) == 1);
  if (input_choose (input, 2))
    {
      self->peek = TRUE;
      aio_guest_run_set_peek (self->run, model_guest_peek);
    }

  trace ("guest %u: new: %s, %s, priority %d, slice %u us, period %u us%s%s", slot,
         !self->threaded ? "direct"
         : mode == 2     ? "thread with pipes"
                         : "thread",
         self->backend_fd >= 0 ? "a backend" : "no backend",
         aio_guest_run_get_priority (self->run), aio_guest_run_get_slice (self->run),
         aio_guest_run_get_period (self->run),
         aio_guest_run_get_reentrant (self->run) ? ", reentrant" : "",
         self->peek ? ", with a peek" : "");

  return self;
}

/* The hosts are gone by now. */
void
model_guest_free (ModelGuest *self)
{
  const guint was_over = self->over ? 1 : 0;

  model_guest_check (self);
  g_assert (self->depth == 0);
  g_assert (self->host == NULL || was_over);
  g_assert (self->finished == was_over);
  g_assert (self->destroyed == was_over || self->alive_run == NULL);

  g_clear_object (&self->run);
  g_clear_object (&self->poller);
  g_assert (self->alive_run == NULL);
  g_assert (self->alive_poller == NULL);
  g_assert (self->finished == was_over);
  g_assert (self->destroyed == 1);

  if (self->backend_fd >= 0 && !self->closed)
    close (self->backend_fd);
  close (self->event_fd);
  g_free (self);
}

/* Whether the state is what it must be, while nothing is going on inside the library. */
void
model_guest_check (ModelGuest *self)
{
  AioGuestRunState state;

  if (self->alive_run == NULL)
    {
      g_assert (self->destroyed == 1);
      return;
    }

  state = aio_guest_run_get_state (self->alive_run);
  if (self->source_destroyed && self->host->iterating == 0)
    g_assert (self->over);

  /* These end when the library comes to notice. */
  if (self->over || !(self->source_destroyed || self->closed))
    g_assert (state == (self->over           ? AIO_GUEST_RUN_STATE_FINISHED
                        : self->host != NULL ? AIO_GUEST_RUN_STATE_RUNNING
                                             : AIO_GUEST_RUN_STATE_NEW));

  /* A run that has ended inside its tick says so after it. */
  if (self->over && self->depth == 0 && (self->host == NULL || self->host->iterating == 0))
    {
      g_assert (self->finished == 1);
      g_assert (self->destroyed == 1);
    }

  g_assert (aio_guest_run_get_ticks (self->alive_run) <= self->ticks);
  if (self->depth == 0)
    g_assert (aio_guest_run_get_ticks (self->alive_run) == self->ticks);
}

void
model_guest_attach (ModelGuest *self, Host *host)
{
  g_autoptr (GError) error = NULL;

  if (self->alive_run == NULL)
    return;

  trace ("guest %u: attached to host %u", self->slot, host_number (host));
  if (self->host != NULL || self->over)
    {
      g_assert (!aio_guest_run_attach (self->alive_run, host->context, &error));
      g_assert_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_STATE);
      return;
    }

  self->host = host;
  g_assert (aio_guest_run_attach (self->alive_run, host->context, &error));
  g_assert_no_error (error);
  g_assert (aio_guest_run_get_main_context (self->alive_run) == host->context);
}
