/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "copy.h"
#include "exception.h"
#include "greenlets.h"
#include "interpreter.h"
#include "tick.h"

/* The tick function of the run. It takes the GIL, suspends the step that the tick interrupts, and
 * runs the guest. */

/* A tick that runs only C code would never run the signal handlers that are due. */
static int
run_signal_handlers (Guest *self)
{
  int result = PyErr_CheckSignals ();

  /* In a child that one of them has forked. */
  if (G_UNLIKELY (guest_is_copy (self)))
    guest_end_child (self);

  return result;
}

static G_NO_INLINE AioGuestTick
tick_below_gap (Guest *self, gboolean can_run, gint64 slice_end, gint64 *next_ready_time)
{
  AioGuestTick tick;
  GUEST_LEAVE_GAP ();

  tick = self->kind->tick (self, can_run, slice_end, next_ready_time);
  gap[0] = 1;

  return tick;
}

static AioGuestTick
tick_with_gil (Guest *self, gint64 slice_end, gint64 *next_ready_time)
{
  Step *outer_step = self->step;
  Step step;
  Suspension suspension;
  AioGuestTick tick;
  gboolean can_run;

  Py_CLEAR (self->rest.obstacle);
  step_begin (&step, self);
  can_run = suspension_begin (&suspension, self) == 0;
  self->step = &step;
  self->depth++;

  can_run = can_run && run_signal_handlers (self) == 0;
  tick = G_UNLIKELY (guest_is_nested (self))
           ? tick_below_gap (self, can_run, slice_end, next_ready_time)
           : self->kind->tick (self, can_run, slice_end, next_ready_time);

  self->depth--;
  self->step = outer_step;
  suspension_end (&suspension, self);
  step_end (&step);

  return tick;
}

/* A tick of a guest that rests. Python's signal handlers are called all the same. An exception that
 * one of them raises may end the run. */
static AioGuestTick
rest_with_gil (Guest *self, gint64 *next_ready_time)
{
  if (PyErr_Occurred () != NULL || run_signal_handlers (self) == 0)
    return AIO_GUEST_TICK_REST;

  return self->kind->tick (self, FALSE, 0, next_ready_time) == AIO_GUEST_TICK_FINISHED
           ? AIO_GUEST_TICK_FINISHED
           : AIO_GUEST_TICK_REST;
}

/* The interpreter is gone: taking the GIL would hang, and nobody who listens to the run can be called any
 * more, nor be freed. The run rests from now on, and never ends: its main context is held for good. */
static AioGuestTick
rest_for_good (AioGuestRun *run)
{
  g_main_context_ref (aio_guest_run_get_main_context (run));
  g_object_freeze_notify (G_OBJECT (run));

  return AIO_GUEST_TICK_REST;
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

  if (core_is_finalizing ())
    return rest_for_good (run);

  gil = PyGILState_Ensure ();
  if (G_UNLIKELY (guest_rests (self, __builtin_frame_address (0))))
    tick = rest_with_gil (self, next_ready_time);
  else
    tick = tick_with_gil (self, aio_guest_run_restart_slice (run), next_ready_time);

  /* If the run is over, handlers of ::finished are still to be called. So release_guest() restores
   * the host's exception then. */
  if (self->depth > 0 || (tick != AIO_GUEST_TICK_FINISHED &&
                          aio_guest_run_get_state (run) == AIO_GUEST_RUN_STATE_RUNNING))
    core_restore_exception (g_steal_pointer (&self->host_error));

  PyGILState_Release (gil);
  return tick;
}

gboolean
guest_peek (gpointer user_data)
{
  Guest *self = user_data;

  return self->kind->peek (self);
}
