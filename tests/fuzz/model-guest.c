/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "helper-thread.h"
#include "model.h"
#include "virtual-clock.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "aio-guest-poller-private.h"

/* Beyond what the library opens: the number of a backend that was closed is not used again. */
#define FIRST_BACKEND_FD 256

/* Why it may, or must, be ticked */

/* One whose backend is closed may have ended already. */
gboolean
model_guest_is_live (ModelGuest *self)
{
  return self->host != NULL && !self->over && !self->source_destroyed &&
         aio_guest_run_get_state (self->alive_run) == AIO_GUEST_RUN_STATE_RUNNING;
}

gboolean
model_guest_may_enter (ModelGuest *self)
{
  return model_guest_is_live (self) &&
         (self->depth == 0 || aio_guest_run_get_reentrant (self->alive_run));
}

static gboolean
has_events (ModelGuest *self)
{
  return self->signalled && self->watched && !self->closed;
}

gboolean
model_guest_has_reason (ModelGuest *self)
{
  return self->is_new || self->woken || self->again || self->work || has_events (self) ||
         (self->deadline >= 0 && self->deadline <= virtual_clock_now ());
}

/* In the next turn in which nothing more urgent is ready. */
gboolean
model_guest_is_due (ModelGuest *self)
{
  return model_guest_may_enter (self) && !self->closed && model_guest_has_reason (self) &&
         (!self->share.may_have_yielded ||
          virtual_clock_now () >= self->share.due_in_any_case);
}

/* For whoever has to find out why it was not. */
void
model_guest_describe (ModelGuest *self)
{
  g_printerr ("guest %u: %s, depth %u, at %" G_GINT64_FORMAT ": new %d, woken %d, again %d, work %d, "
              "events %d, deadline %" G_GINT64_FORMAT "\n",
              self->slot, self->threaded ? "thread" : "direct", self->depth, virtual_clock_now (),
              self->is_new, self->woken, self->again, self->work, has_events (self),
              self->deadline);
}

/* Turns and shares */

static void
begin_turn (ModelGuest *self)
{
  GSource *source = g_main_current_source ();
  Frame *frame = world.frame;
  const gboolean idle = g_str_equal (g_source_get_name (source), "[aioguest] idle");
  int priority = frame->priorities[self->slot];

  g_assert (model_guest_may_enter (self));

  if (frame->nested)
    {
      /* What the turn around a nested one had marked ready is dispatched all the same. */
      host_note_dispatch (G_MININT);
    }
  else
    {
      if (!model_guest_has_reason (self))
        {
          /* What has caused a tick stands until it is back, for main loops below it, too. */
          g_assert (self->share.may_have_yielded || self->spare_wake || self->depth > 0 ||
                    self->threaded);
          self->spare_wake = FALSE;
        }

      if (idle)
        g_assert (self->share.may_have_yielded);
      else if (self->share.must_have_yielded && !self->share.uncertain)
        g_assert (virtual_clock_now () >= self->share.not_before);

      if (idle)
        priority = MAX (priority, G_PRIORITY_DEFAULT_IDLE);
      for (guint i = 0; i < frame->n_sources; i++)
        g_assert (frame->source_priorities[i] >= priority);

      host_note_dispatch (priority);
    }

  self->spare_wake |= self->racing;
  self->woken = FALSE;
  if (idle && self->depth == 0)
    self->share.uncertain = FALSE;

  self->turn = (Turn){ frame->id, source, idle, virtual_clock_now (), self->share };
}

/* Reckons from the start of the turn, because any tick may be its last. */
static void
settle (ModelGuest *self, AioGuestTick answer)
{
  const Share *before = &self->turn.before;
  const gboolean idle = self->turn.when_idle;
  const gint64 slice = aio_guest_run_get_slice (self->alive_run);
  const gint64 period = MAX (aio_guest_run_get_period (self->alive_run), 1000);
  const gint64 now = virtual_clock_now ();
  const gint64 elapsed = now - self->turn.start;
  const gint64 charge = idle ? 0 : before->charge + elapsed;
  const gboolean yields = answer == AIO_GUEST_TICK_AGAIN || charge > slice;
  const gboolean uncertain = self->share.uncertain;

  self->again = answer == AIO_GUEST_TICK_AGAIN;
  self->share = (Share){
    .charge = charge,
    .may_have_yielded = yields || uncertain || (before->may_have_yielded && !idle),
    .must_have_yielded = yields || (before->must_have_yielded && !idle),
    .uncertain = uncertain,
    .not_before = self->turn.start + MAX (period, elapsed + period / 2),
    .due_in_any_case = now + period,
  };
}

static void
check_tick (ModelGuest *self, gint64 slice_end)
{
  const gint64 now = virtual_clock_now ();

  g_assert (g_thread_self () == world.owner);
  g_assert (world.frame != NULL && world.frame->host == self->host);
  g_assert (model_guest_is_live (self));
  g_assert (self->destroyed == 0);
  g_assert (slice_end > now);
  g_assert (slice_end - now <= aio_guest_run_get_slice (self->alive_run));
}

/* The tick */

static void
take_what_there_is (ModelGuest *self)
{
  guint64 value;

  if (self->signalled && input_choose (&world.input, 4) != 3)
    {
      g_assert (read (self->event_fd, &value, sizeof value) == sizeof value);
      self->signalled = FALSE;
    }

  if (input_choose (&world.input, 4) != 3)
    self->work = FALSE;
}

static AioGuestTick
answer (gint64 *next_ready_time, GError **error)
{
  const gint64 now = virtual_clock_now ();

  switch (input_choose (&world.input, 16))
    {
    default:
      return AIO_GUEST_TICK_WAIT;
    case 4:
    case 5:
    case 6:
      *next_ready_time = now + input_choose_time (&world.input);
      return AIO_GUEST_TICK_WAIT;
    case 7:
      *next_ready_time = input_choose (&world.input, 2) ? G_MAXINT64 : now / 2;
      return AIO_GUEST_TICK_WAIT;
    case 8:
    case 9:
    case 10:
    case 11:
      *next_ready_time = input_choose (&world.input, 2) ? now + 1 : -1;
      return AIO_GUEST_TICK_AGAIN;
    case 14:
      return AIO_GUEST_TICK_FINISHED;
    case 15:
      if (input_choose (&world.input, 2))
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "tick");
      return AIO_GUEST_TICK_FAILED;
    }
}

static AioGuestTick
tick (AioGuestRun *run,
      gint64 slice_end,
      gint64 *next_ready_time,
      gpointer user_data,
      GError **error)
{
  static const gint64 costs[] = { 1, 1, 50, 700, 4000, 30000 };
  ModelGuest *self = user_data;
  AioGuestTick result;
  Turn turn;

  g_assert (run == self->alive_run);
  g_assert (*next_ready_time == -1);
  g_assert (error != NULL && *error == NULL);
  check_tick (self, slice_end);

  if (self->turn.frame != world.frame->id || self->turn.source != g_main_current_source ())
    begin_turn (self);
  turn = self->turn;

  self->ticks++;
  self->depth++;
  self->is_new = self->again = FALSE;
  self->seen = g_atomic_int_get (&self->posted);

  take_what_there_is (self);
  virtual_clock_advance (costs[input_choose (&world.input, G_N_ELEMENTS (costs))]);
  for (guint n = input_choose (&world.input, 4); n > 0; n--)
    act (self);
  result = answer (next_ready_time, error);

  self->depth--;
  self->turn = turn;

  if (!model_guest_is_live (self))
    return result;

  /* One that is called again soon is asked anew. */
  if (result == AIO_GUEST_TICK_WAIT)
    self->deadline = *next_ready_time;
  settle (self, result);

  if (result == AIO_GUEST_TICK_FINISHED || result == AIO_GUEST_TICK_FAILED)
    {
      self->over = TRUE;
      self->allowed_ends = result == AIO_GUEST_TICK_FINISHED ? END_WITHOUT_ERROR
                                                             : END (AIO_GUEST_ERROR_FAILED);
    }

  return result;
}

static gboolean
peek (gpointer user_data)
{
  ModelGuest *self = user_data;

  g_assert (g_thread_self () == world.owner);
  g_assert (self->destroyed == 0);
  return self->work;
}

/* The end */

static void
note_finished (AioGuestRun *run, GError *error, gpointer user_data)
{
  ModelGuest *self = user_data;
  /* The guest's own errors, and one that it should have set. */
  const guint end = error == NULL                    ? END_WITHOUT_ERROR
                    : error->domain == G_IO_ERROR    ? END (AIO_GUEST_ERROR_FAILED)
                    : error->domain == AIO_GUEST_ERROR ? END (error->code)
                                                     : 0;

  g_assert (run == self->alive_run);
  g_assert (self->depth == 0);
  g_assert (self->destroyed == 0);
  g_assert ((self->allowed_ends & end) != 0);
  g_assert (aio_guest_run_get_state (run) == AIO_GUEST_RUN_STATE_FINISHED);
  g_assert ((aio_guest_run_get_error (run) != NULL) == (error != NULL));
  g_assert (aio_guest_run_get_main_context (run) == NULL);

  self->finished++;
  self->over = TRUE;

  if (!helper_is_self ())
    {
      g_assert (g_thread_self () == world.owner);
      world.ending++;
      if (input_choose (&world.input, 4) == 3)
        act (self);
      world.ending--;
    }
}

static void
note_destroyed (gpointer user_data)
{
  ModelGuest *self = user_data;

  g_assert (self->depth == 0);
  self->destroyed++;
}

/* From outside */

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
  self->threaded = mode != 0;
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
                                            self->threaded ? AIO_GUEST_POLL_MODE_THREAD
                                                           : AIO_GUEST_POLL_MODE_DIRECT,
                                            kinds[mode], &error);
  g_assert_no_error (error);
  self->run = aio_guest_run_new (self->poller, tick, self, note_destroyed);
  g_set_weak_pointer (&self->alive_run, self->run);
  g_set_weak_pointer (&self->alive_poller, self->poller);
  g_signal_connect (self->run, "finished", G_CALLBACK (note_finished), self);

  aio_guest_run_set_priority (self->run, input_choose_priority (input));
  aio_guest_run_set_slice (self->run, slices[input_choose (input, G_N_ELEMENTS (slices))]);
  aio_guest_run_set_period (self->run, periods[input_choose (input, G_N_ELEMENTS (periods))]);
  aio_guest_run_set_reentrant (self->run, input_choose (input, 2) == 1);
  if (input_choose (input, 2))
    {
      self->peek = TRUE;
      aio_guest_run_set_peek (self->run, peek);
    }

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

void
model_guest_signal (ModelGuest *self)
{
  const guint64 one = 1;

  self->signalled = TRUE;
  g_assert (write (self->event_fd, &one, sizeof one) == sizeof one);
}

void
model_guest_close_backend (ModelGuest *self)
{
  if (self->backend_fd < 0 || self->closed)
    return;

  self->closed = TRUE;
  close (self->backend_fd);
  if (!self->over)
    self->allowed_ends |= END (AIO_GUEST_ERROR_NOT_POLLABLE);
}

void
model_guest_toggle_watch (ModelGuest *self)
{
  g_autoptr (GError) error = NULL;

  if (self->alive_poller == NULL || self->backend_fd >= 0)
    return;

  if (self->watched)
    g_assert (aio_guest_poller_unwatch (self->alive_poller, self->event_fd));
  else
    g_assert (aio_guest_poller_watch (self->alive_poller, self->event_fd, G_IO_IN, &error));

  g_assert_no_error (error);
  self->watched = !self->watched;
}

void
model_guest_stop (ModelGuest *self)
{
  if (self->alive_run == NULL)
    return;

  if (aio_guest_run_get_state (self->alive_run) != AIO_GUEST_RUN_STATE_FINISHED)
    self->allowed_ends = END_WITHOUT_ERROR;
  self->over = TRUE;
  aio_guest_run_stop (self->alive_run);
}

void
model_guest_drop (ModelGuest *self)
{
  /* Who wakes it on another thread counts on the reference. */
  helper_wait ();
  g_clear_object (&self->run);
}

/* As a host may do that removes whatever it finds. */
void
model_guest_destroy_source (ModelGuest *self)
{
  g_autoptr (GMainContext) context = NULL;
  GSource *source;

  if (!model_guest_is_live (self))
    return;

  /* The end of a run may replace the host, while GLib is not through with it. */
  context = g_main_context_ref (self->host->context);
  source = g_main_context_find_source_by_user_data (context, self->alive_run);
  g_assert (source != NULL);

  self->source_destroyed = TRUE;
  self->allowed_ends = END (AIO_GUEST_ERROR_ABANDONED);
  g_source_destroy (source);
}

void
model_guest_restart_slice (ModelGuest *self)
{
  gint64 end;

  if (self->depth == 0)
    return;

  end = aio_guest_run_restart_slice (self->alive_run);
  self->share.uncertain = TRUE;
  if (aio_guest_run_get_state (self->alive_run) == AIO_GUEST_RUN_STATE_FINISHED)
    g_assert (end == 0);
  else
    g_assert (end - virtual_clock_now () <= aio_guest_run_get_slice (self->alive_run));
}

void
model_guest_host_gone (ModelGuest *self)
{
  if (!model_guest_is_live (self))
    return;

  self->source_destroyed = TRUE;
  self->allowed_ends = END (AIO_GUEST_ERROR_ABANDONED);
}
