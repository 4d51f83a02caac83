/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-run-fields-private.h"

G_BEGIN_DECLS

/* For the source, on the owner thread. */

gboolean aio_guest_run_begin (AioGuestRun *self,
                              GSource *source,
                              const AioGuestSourceFuncs *source_funcs,
                              GError **error);
void aio_guest_run_end (AioGuestRun *self, GError *error);
void aio_guest_run_source_gone (AioGuestRun *self);
void aio_guest_run_close_wakeup (AioGuestRun *self);

AioGuestTick aio_guest_run_tick (AioGuestRun *self,
                                 gint64 slice_end,
                                 gint64 *next_ready_time,
                                 GError **error);
void aio_guest_run_leave (AioGuestRun *self, gint64 elapsed, gboolean deferred);

/* What the source calls in each turn of the main loop is inline, and has no checks. */

static inline gboolean
aio_guest_run_is_alive (AioGuestRun *self)
{
  return self->state == AIO_GUEST_RUN_STATE_RUNNING &&
         self->fork_generation == aio_guest_fork_generation ();
}

/* A number that a thread gets when it first attaches a run; 0 before. Unlike the address of data of
 * the thread, and g_thread_self(), it is not used again after the end of the thread. */
extern __thread gsize aio_guest_run_this_thread;

static inline gboolean
aio_guest_run_is_owner (AioGuestRun *self)
{
  return self->owner == aio_guest_run_this_thread;
}

/* For the log. Only the owner may read the name: NULL on any other thread. */
static inline const char *
aio_guest_run_get_log_name (AioGuestRun *self)
{
  return aio_guest_run_is_owner (self) ? self->name : NULL;
}

static inline gboolean
aio_guest_run_is_woken (AioGuestRun *self)
{
  return g_atomic_int_get (&self->woken);
}

/* To be polled by the source: readable after a wake, until it is acknowledged. */
static inline AioGuestWakeup *
aio_guest_run_wakeup (AioGuestRun *self)
{
  return self->wakeup;
}

static inline void
aio_guest_run_take_wake (AioGuestRun *self)
{
  g_atomic_int_set (&self->woken, FALSE);
}

/* On any thread but the owner's, the only work is to end the run, and peek must not be called. */
static inline gboolean
aio_guest_run_has_work (AioGuestRun *self)
{
  return aio_guest_run_is_woken (self) || !aio_guest_run_is_owner (self) ||
         (self->peek != NULL && self->peek (self->user_data));
}

static inline AioGuestPoller *
aio_guest_run_poller (AioGuestRun *self)
{
  return self->poller;
}

static inline guint
aio_guest_run_slice (AioGuestRun *self)
{
  return self->slice;
}

static inline guint
aio_guest_run_depth (AioGuestRun *self)
{
  return self->depth;
}

/* The number of dispatches around the main loop that is iterating. */
static inline int
aio_guest_loop_depth (gboolean in_dispatch)
{
  return g_main_depth () - (in_dispatch ? 1 : 0);
}

/* To be called in a dispatch: the guest rests in the main loop that has made the dispatch, and in
 * main loops nested in that. */
static inline void
aio_guest_run_rest (AioGuestRun *self)
{
  self->resting_depth = aio_guest_loop_depth (TRUE);
}

/* To be called in prepare: whether the guest has rested in a main loop that was nested in this one,
 * and is over. Returns TRUE only once: the guest must look for what it has missed there. */
static inline gboolean
aio_guest_run_end_rest (AioGuestRun *self)
{
  if (G_LIKELY (self->resting_depth < 0) || aio_guest_loop_depth (FALSE) >= self->resting_depth)
    return FALSE;

  self->resting_depth = -1;
  return TRUE;
}

/* Whether the main loop that is iterating may tick the guest. */
static inline gboolean
aio_guest_run_may_enter (AioGuestRun *self, gboolean in_dispatch)
{
  return aio_guest_run_is_alive (self) && (self->depth == 0 || self->reentrant) &&
         (G_LIKELY (self->resting_depth < 0) ||
          aio_guest_loop_depth (in_dispatch) < self->resting_depth ||
          aio_guest_run_is_woken (self));
}

/* To be called when the guest is ticked: it rests no more. */
static inline void
aio_guest_run_go_on (AioGuestRun *self)
{
  self->resting_depth = -1;
}

static inline void
aio_guest_run_enter (AioGuestRun *self)
{
  self->depth++;
}

G_END_DECLS
