/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "copy.h"
#include "deadline.h"
#include "exception.h"
#include "greenlets.h"
#include "kind.h"
#include "native.h"
#include "ready.h"
#include "step.h"
#include "stock.h"
#include "suspend.h"
#include "tick.h"

/* The run's tick: as many rounds of the loop as there is work and time for. Re-entry: see padding.c. */

/*
 * Whether, with no handle ready, another round would be for nothing: 1, 0, or -1 with an exception.
 * Where there was I/O, more is likely. Where there was none (a timer, the host) the main context
 * itself looks before it sleeps, if the selector's descriptor tells of everything. But a timer may
 * have become due meanwhile.
 */
static int
is_over_for_now (Guest *self, Py_ssize_t n_run)
{
  int told;
  int due;

  if (n_run == 0)
    return 1;
  if (self->had_io && looks_is_worth_one (&self->looks))
    return 0;

  told = selector_view_polls_epoll (&self->selector, &self->view);
  if (told <= 0)
    return told;

  due = loop_view_has_due_timer (&self->view);
  return due < 0 ? -1 : !due;
}

static gboolean
is_going_on (Guest *self)
{
  return aio_guest_run_get_state (self->run) == AIO_GUEST_RUN_STATE_RUNNING;
}

/* Runs rounds until there is nothing left or the slice is over. */
static AioGuestTick
run_rounds (Guest *self, gint64 slice_end)
{
  gboolean looks_again = FALSE;

  self->had_io = FALSE;

  for (;;)
    {
      int native = guest_may_native (self);
      Py_ssize_t n_run;
      int stopping;

      if (native < 0)
        return AIO_GUEST_TICK_FAILED;

      if (G_UNLIKELY (self->view.state->debug_ticks))
        guest_tell_kind (self, native);

      /* The round may take timers away, and a step of it put as many there: their number would not
       * tell the main context that the step iterates. It has a tick then, which counts anew. */
      self->n_scheduled = -1;

      n_run = native ? guest_native_round (self, slice_end) : guest_stock_round (self);
      step_forget_nested (self->step);
      if (n_run < 0)
        return AIO_GUEST_TICK_FAILED;

      if (looks_again)
        looks_note (&self->looks, self->has_events);

      /* In a child that one of its handles has forked. */
      if (G_UNLIKELY (self->copy.is_copy))
        return AIO_GUEST_TICK_WAIT;

      /* A tick nested in this one has ended the run. */
      if (!is_going_on (self))
        return AIO_GUEST_TICK_WAIT;

      if (self->todo > 0)
        return AIO_GUEST_TICK_AGAIN;

      /* As in run_forever(), a stop() takes effect when the round is over. */
      stopping = guest_is_stopping (self);
      if (stopping != 0)
        return stopping < 0 ? AIO_GUEST_TICK_FAILED : AIO_GUEST_TICK_FINISHED;

      if (guest_fetch_queues (self) < 0)
        return AIO_GUEST_TICK_FAILED;

      /* Only a round that finds nothing to do tells that there is nothing left: after any other
       * one a descriptor may be readable still. The stock one does not tell, but took its time. */
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

static G_NO_INLINE AioGuestTick
run_rounds_below_gap (Guest *self, gint64 slice_end)
{
  AioGuestTick tick;
  GUEST_LEAVE_GAP ();

  tick = run_rounds (self, slice_end);
  gap[0] = 1;

  return tick;
}

/*
 * The loop was stopped, or an exception got out of it. Whoever made the guest may have it go on;
 * else the run is finished, and the exception is theirs to raise: it can't cross GLib's frames.
 */
static AioGuestTick
end_or_go_on (Guest *self, AioGuestTick tick)
{
  PyObject *exception = tick == AIO_GUEST_TICK_FAILED ? core_take_exception () : NULL;
  PyObject *answer = NULL;
  int go_on = 0;

  if (self->ending.on_end != NULL)
    {
      answer = PyObject_CallOneArg (self->ending.on_end, exception != NULL ? exception : Py_None);
      go_on = answer != NULL ? PyObject_IsTrue (answer) : -1;
    }

  Py_XDECREF (answer);
  Py_CLEAR (self->ending.failed);
  if (go_on < 0)
    Py_XSETREF (exception, core_take_exception ());

  if (go_on > 0)
    Py_XDECREF (exception);
  else
    Py_XSETREF (self->ending.exception, exception);

  return go_on > 0 ? AIO_GUEST_TICK_AGAIN : AIO_GUEST_TICK_FINISHED;
}

/* What the host needs to know of the loop until the next tick. */
static int
finish_tick (Guest *self, gint64 *next_ready_time)
{
  if (guest_fetch_queues (self) < 0 || selector_view_fetch (&self->selector, &self->view) < 0 ||
      guest_sync_descriptors (self) < 0 ||
      loop_view_get_next_ready_time (&self->view, next_ready_time) < 0)
    return -1;

  self->n_scheduled = Py_SIZE (self->view.scheduled);
  return 0;
}

static AioGuestTick
tick_with_gil (Guest *self, gint64 slice_end, gint64 *next_ready_time)
{
  Step *outer_step = self->step;
  Step step;
  Suspension suspension;
  AioGuestTick tick = AIO_GUEST_TICK_FAILED;
  Py_ssize_t n_entry = 0;
  Py_ssize_t n_outer = self->padding.n_outer;
  int begun;

  Py_CLEAR (self->rest.obstacle);
  step_begin (&step, self);
  begun = suspension_begin (&suspension, self);
  self->step = &step;
  self->depth++;

  /* C code alone would never run the signal handlers that are due. */
  if (begun == 0 && guest_fetch_queues (self) == 0 &&
      PyErr_CheckSignals () == 0)
    {
      n_outer = n_entry = MIN (Py_SIZE (self->view.ready), n_outer);

      tick = G_UNLIKELY (guest_is_nested (self)) ? run_rounds_below_gap (self, slice_end)
                                                 : run_rounds (self, slice_end);

      if (G_UNLIKELY (g_main_depth () > step.depth))
        guest_note_left_dispatches (self);

      if (G_UNLIKELY (self->copy.is_copy))
        tick = guest_leave_copy (self, tick);
      else if (tick == AIO_GUEST_TICK_FAILED || tick == AIO_GUEST_TICK_FINISHED)
        tick = end_or_go_on (self, tick);

      /* Where the run is over the loop may be closed by now. */
      if (tick != AIO_GUEST_TICK_FINISHED && is_going_on (self) && !self->copy.is_copy &&
          finish_tick (self, next_ready_time) < 0)
        tick = AIO_GUEST_TICK_FAILED;
    }

  /* Trouble before or after the rounds. */
  if (tick == AIO_GUEST_TICK_FAILED)
    tick = end_or_go_on (self, tick);

  if (tick == AIO_GUEST_TICK_FINISHED)
    self->ending.is_over = TRUE;

  if (padding_leave (&self->padding, &self->view, self->ending.is_over, n_entry) < 0)
    PyErr_WriteUnraisable (self->view.loop);

  self->padding.n_outer = n_outer;
  self->depth--;
  self->step = outer_step;
  suspension_end (&suspension, self);
  step_end (&step);

  return tick;
}

/* Python's signal handlers are called all the same, and may end the run. */
static AioGuestTick
rest_with_gil (Guest *self)
{
  AioGuestTick tick;

  if (PyErr_Occurred () != NULL || PyErr_CheckSignals () == 0)
    return AIO_GUEST_TICK_REST;

  tick = end_or_go_on (self, AIO_GUEST_TICK_FAILED);
  if (tick != AIO_GUEST_TICK_FINISHED)
    return AIO_GUEST_TICK_REST;

  self->ending.is_over = TRUE;
  if (padding_leave (&self->padding, &self->view, TRUE,
                     MIN (Py_SIZE (self->view.ready), self->padding.n_outer)) < 0)
    PyErr_WriteUnraisable (self->view.loop);
  return tick;
}

AioGuestTick
guest_tick (AioGuestRun *run,
            G_GNUC_UNUSED gint64 slice_end,
            gint64 *next_ready_time,
            gpointer user_data,
            G_GNUC_UNUSED GError **error)
{
  Guest *self = user_data;
  PyGILState_STATE gil;
  AioGuestTick tick;

  /* From then on taking the GIL would hang; and whatever the loop has to do will never be done. */
  if (core_is_finalizing ())
    {
      aio_guest_run_freeze (run);
      return AIO_GUEST_TICK_WAIT;
    }

  gil = PyGILState_Ensure ();
  if (G_UNLIKELY (guest_rests (self, __builtin_frame_address (0))))
    tick = rest_with_gil (self);
  else
    tick = tick_with_gil (self, aio_guest_run_restart_slice (run), next_ready_time);

  /* Handlers of ::finished are still to come if the run is over: release_guest() is the place. */
  if (self->depth > 0 || (tick != AIO_GUEST_TICK_FINISHED &&
                          aio_guest_run_get_state (run) == AIO_GUEST_RUN_STATE_RUNNING))
    core_restore_exception (g_steal_pointer (&self->host_error));

  PyGILState_Release (gil);
  return tick;
}

/*
 * thread A (owner, without the GIL)    thread B (with the GIL)
 * look at the sizes                    call_soon_threadsafe(): append to the queue
 *                                      write to the loop's own pipe
 *
 * Whether A sees the append or not, the selector tells of the pipe. Host code on thread A itself
 * appends between two calls of peek. No item is looked at: B could free it, and the list's
 * storage moves. A size that has been read while it changes costs a tick with nothing to do.
 */
gboolean
guest_peek (gpointer user_data)
{
  Guest *self = user_data;

  return padding_has_ready (&self->padding, &self->view) ||
         __atomic_load_n (&((PyVarObject *) self->view.scheduled)->ob_size, __ATOMIC_RELAXED) !=
           self->n_scheduled ||
         descriptors_have_changed (&self->descriptors, &self->selector);
}
