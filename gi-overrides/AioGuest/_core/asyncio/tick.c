/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../copy.h"
#include "../ending.h"
#include "../greenlets.h"
#include "deadline.h"
#include "kind.h"
#include "native.h"
#include "stock.h"
#include "tick.h"

/* A tick of a loop: as many rounds as there is work and time for. Re-entry: see padding.c. */

/*
 * Whether the tick can end, with no handle ready: 1, 0, or -1 with an exception. If the tick had
 * I/O, there is likely to be more. If it had none (it was for a timer, or for the host), the main
 * context itself polls before it sleeps. That is enough if the selector's descriptor reports all
 * events, and no timer has become due meanwhile.
 */
static int
is_over_for_now (AsyncioGuest *self, Py_ssize_t n_run)
{
  int is_epoll;
  int due;

  if (n_run == 0)
    return 1;
  if (self->had_io && looks_is_worth_one (&self->looks))
    return 0;

  is_epoll = selector_view_polls_epoll (&self->selector, &self->view);
  if (is_epoll <= 0)
    return is_epoll;

  due = loop_view_has_due_timer (&self->view);
  return due < 0 ? -1 : !due;
}

/* Runs rounds until there is nothing left or the slice is over. */
static AioGuestTick
run_rounds (AsyncioGuest *self, gint64 slice_end)
{
  gboolean looks_again = FALSE;

  self->had_io = FALSE;

  for (;;)
    {
      int native = asyncio_guest_may_native (self);
      Py_ssize_t n_run;
      int stopping;

      if (native < 0)
        return AIO_GUEST_TICK_FAILED;

      if (G_UNLIKELY (self->view.state->debug_ticks))
        asyncio_guest_log_kind (self, native);

      /* The round may remove timers, and a step of it may add as many, so that their number is the
       * same. If that step iterates the main context, peek must notice the new ones all the same.
       * No number is -1, so there is a tick, which sets the number anew. */
      self->n_scheduled = -1;

      n_run = native ? asyncio_guest_native_round (self, slice_end) : asyncio_guest_stock_round (self);
      step_forget_nested (self->base.step);

      /* In a child that one of its handles has forked. */
      if (G_UNLIKELY (guest_is_copy (&self->base)))
        guest_end_child (&self->base);

      if (n_run < 0)
        return AIO_GUEST_TICK_FAILED;

      if (looks_again)
        looks_note (&self->looks, self->has_events);

      /* A tick nested in this one has ended the run. */
      if (!guest_is_going_on (&self->base))
        return AIO_GUEST_TICK_WAIT;

      if (self->todo > 0)
        return AIO_GUEST_TICK_AGAIN;

      /* As in run_forever(), a stop() takes effect when the round is over. */
      stopping = asyncio_guest_is_stopping (self);
      if (stopping != 0)
        return stopping < 0 ? AIO_GUEST_TICK_FAILED : AIO_GUEST_TICK_FINISHED;

      if (asyncio_guest_fetch_queues (self) < 0)
        return AIO_GUEST_TICK_FAILED;

      /* Only a round that has run nothing shows that nothing is left: after any other one a
       * descriptor may still be readable. A stock round does not report how many handles it has
       * run. */
      if (g_get_monotonic_time () >= slice_end)
        return n_run > 0 || Py_SIZE (self->view.ready) > 0 || !native ? AIO_GUEST_TICK_AGAIN
                                                                 : AIO_GUEST_TICK_WAIT;

      if (Py_SIZE (self->view.ready) == 0)
        {
          int over = is_over_for_now (self, n_run);

          if (over != 0)
            return over < 0 ? AIO_GUEST_TICK_FAILED : AIO_GUEST_TICK_WAIT;
        }
      looks_again = self->had_io && Py_SIZE (self->view.ready) == 0;
    }
}

/* Updates all that the host uses of the loop until the next tick: queues, selector, descriptors and
 * the time of the next timer. */
static int
finish_tick (AsyncioGuest *self, gint64 *next_ready_time)
{
  if (asyncio_guest_fetch_queues (self) < 0 || selector_view_fetch (&self->selector, &self->view) < 0 ||
      asyncio_guest_sync_descriptors (self) < 0 ||
      loop_view_get_next_ready_time (&self->view, next_ready_time) < 0)
    return -1;

  self->n_scheduled = Py_SIZE (self->view.scheduled);
  return 0;
}

static AioGuestTick
run_and_finish (AsyncioGuest *self, gint64 slice_end, gint64 *next_ready_time)
{
  Guest *base = &self->base;
  AioGuestTick tick = run_rounds (self, slice_end);

  guest_note_left_dispatches (base);

  if (tick == AIO_GUEST_TICK_FAILED || tick == AIO_GUEST_TICK_FINISHED)
    tick = guest_end_or_go_on (base, tick);

  /* If the run is over, the loop may already be closed. */
  if (tick != AIO_GUEST_TICK_FINISHED && guest_is_going_on (base) &&
      finish_tick (self, next_ready_time) < 0)
    return AIO_GUEST_TICK_FAILED;

  return tick;
}

AioGuestTick
asyncio_guest_tick (Guest *base, gboolean can_run, gint64 slice_end, gint64 *next_ready_time)
{
  AsyncioGuest *self = (AsyncioGuest *) base;
  AioGuestTick tick = AIO_GUEST_TICK_FAILED;
  Py_ssize_t n_outer = self->padding.n_outer;
  Py_ssize_t n_entry = 0;

  if (can_run && asyncio_guest_fetch_queues (self) == 0)
    {
      n_outer = n_entry = MIN (Py_SIZE (self->view.ready), n_outer);
      tick = run_and_finish (self, slice_end, next_ready_time);
    }
  else
    {
      n_entry = MIN (Py_SIZE (self->view.ready), n_outer);
    }

  /* An error before or after the rounds. */
  if (tick == AIO_GUEST_TICK_FAILED)
    tick = guest_end_or_go_on (base, tick);

  if (tick == AIO_GUEST_TICK_FINISHED)
    base->ending.is_over = TRUE;

  if (padding_leave (&self->padding, &self->view, base->ending.is_over, n_entry) < 0)
    PyErr_WriteUnraisable (self->view.loop);

  self->padding.n_outer = n_outer;
  return tick;
}

/*
 * thread A (owner, without the GIL)    thread B (with the GIL)
 * look at the sizes                    call_soon_threadsafe(): append to the queue
 *                                      write to the loop's own pipe
 *
 * Whether A sees the append or not, the pipe becomes readable, and the selector reports it. Host
 * code on thread A itself appends only between two calls of peek. The items are not accessed: B
 * could free one, and the list's storage moves. If a size is read while it changes, that costs a
 * tick with nothing to do.
 */
gboolean
asyncio_guest_peek (Guest *base)
{
  AsyncioGuest *self = (AsyncioGuest *) base;

  return padding_has_ready (&self->padding, &self->view) ||
         __atomic_load_n (&((PyVarObject *) self->view.scheduled)->ob_size, __ATOMIC_RELAXED) !=
           self->n_scheduled ||
         descriptors_have_changed (&self->descriptors, &self->selector);
}
