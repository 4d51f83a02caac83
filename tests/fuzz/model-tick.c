/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "model.h"
#include "trace.h"
#include "virtual-clock.h"

#include <unistd.h>

/* What a guest does when it is called. */

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
        g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "tick");
      return AIO_GUEST_TICK_FAILED;
    }
}

static const char *
name_of (AioGuestTick answer)
{
  return answer == AIO_GUEST_TICK_WAIT       ? "WAIT"
         : answer == AIO_GUEST_TICK_AGAIN    ? "AGAIN"
         : answer == AIO_GUEST_TICK_FINISHED ? "FINISHED"
                                             : "FAILED";
}

AioGuestTick
model_guest_tick (AioGuestRun *run,
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
    model_guest_begin_turn (self);
  turn = self->turn;
  trace ("guest %u: tick, %s", self->slot,
         turn.when_idle ? "the host being idle" : "at its priority");

  self->ticks++;
  self->depth++;
  self->is_new = self->again = FALSE;
  self->seen = g_atomic_int_get (&self->posted);

  take_what_there_is (self);
  virtual_clock_advance (costs[input_choose (&world.input, G_N_ELEMENTS (costs))]);
  for (guint n = input_choose (&world.input, 4); n > 0; n--)
    act (self);
  result = answer (next_ready_time, error);
  trace ("guest %u: answers %s, next timer %" G_GINT64_FORMAT, self->slot, name_of (result),
         *next_ready_time < 0 ? *next_ready_time : *next_ready_time - VIRTUAL_CLOCK_START);

  self->depth--;
  self->turn = turn;

  if (!model_guest_is_live (self))
    return result;

  /* One that is called again soon is asked anew. */
  if (result == AIO_GUEST_TICK_WAIT)
    self->deadline = *next_ready_time;
  model_guest_settle (self, result);

  if (result == AIO_GUEST_TICK_FINISHED || result == AIO_GUEST_TICK_FAILED)
    {
      self->over = TRUE;
      self->allowed_ends = result == AIO_GUEST_TICK_FINISHED ? END_WITHOUT_ERROR
                                                             : END (AIO_GUEST_ERROR_FAILED);
    }

  return result;
}

gboolean
model_guest_peek (gpointer user_data)
{
  ModelGuest *self = user_data;

  g_assert (g_thread_self () == world.owner);
  g_assert (self->destroyed == 0);
  return self->work;
}
