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

/* Inline, and without checks, is what the source asks in each turn of the main loop. */

static inline gboolean
aio_guest_run_is_alive (AioGuestRun *self)
{
  return self->state == AIO_GUEST_RUN_STATE_RUNNING &&
         self->fork_generation == aio_guest_fork_generation ();
}

/* A number that a thread is given when it first attaches a run, 0 before. Unlike the address of a
 * thread's own data, and g_thread_self(), it is not used again after the thread's end. */
extern __thread gsize aio_guest_run_this_thread;

static inline gboolean
aio_guest_run_is_owner (AioGuestRun *self)
{
  return self->owner == aio_guest_run_this_thread;
}

/* For the log. The name is the owner's: NULL on another thread. */
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

/* On another thread than the owner's what there is to do is to end the run, and to peek is not
 * allowed. */
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

/* In a dispatch: the guest rests in the main loop that has made it, and in those nested there. */
static inline void
aio_guest_run_rest (AioGuestRun *self)
{
  self->resting_depth = aio_guest_loop_depth (TRUE);
}

/* In a prepare: whether the guest has rested in a main loop nested in this one, which is over. What it
 * has missed there it is to look for, once. */
static inline gboolean
aio_guest_run_end_rest (AioGuestRun *self)
{
  if (G_LIKELY (self->resting_depth < 0) || aio_guest_loop_depth (FALSE) >= self->resting_depth)
    return FALSE;

  self->resting_depth = -1;
  return TRUE;
}

/* Whether the main loop that is iterating may have the guest ticked. */
static inline gboolean
aio_guest_run_may_enter (AioGuestRun *self, gboolean in_dispatch)
{
  return aio_guest_run_is_alive (self) && (self->depth == 0 || self->reentrant) &&
         (G_LIKELY (self->resting_depth < 0) ||
          aio_guest_loop_depth (in_dispatch) < self->resting_depth ||
          aio_guest_run_is_woken (self));
}

/* The guest is ticked. */
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
