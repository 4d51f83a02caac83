/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-fork-private.h"
#include "aio-guest-run.h"
#include "aio-guest-wakeup-private.h"

G_BEGIN_DECLS

/* What aio-guest-run.c and aio-guest-run-life.c share; others ask by the functions of
 * aio-guest-run-private.h. */

#define DEFAULT_PERIOD 5000 /* microseconds */

/* What a run asks of its source, on the owner thread. */
typedef struct
{
  void (*close) (GSource *source);
  void (*set_priority) (GSource *source, int priority);
  gint64 (*restart_slice) (GSource *source);
} AioGuestSourceFuncs;

struct _AioGuestRun
{
  GObject parent_instance;

  AioGuestPoller *poller;
  AioGuestTickFunc tick;
  AioGuestPeekFunc peek;
  gpointer user_data;
  GDestroyNotify destroy;

  char *name;
  int priority;
  guint slice;
  guint period;
  gboolean reentrant;

  AioGuestRunState state;
  gsize owner;          /* aio_guest_run_this_thread of a thread; 0: not attached */
  guint fork_generation; /* atomic; written by the owner only */
  guint depth;          /* of nested dispatches */
  int resting_depth;    /* of the main loop in which the guest rests; -1: it does not */
  gboolean has_ended;   /* ::finished is still to be emitted */
  GError *error;

  GSource *source;
  const AioGuestSourceFuncs *source_funcs;
  int woken;            /* atomic; set before @wakeup is signalled */

  GMutex lock;
  AioGuestWakeup *wakeup; /* (lock), written by the owner only; there is one while there is a source */

  guint64 ticks;
  gint64 busy_time;
  gint64 longest_tick;
  guint64 deferred_slices;
};

extern guint aio_guest_run_finished; /* the signal */

void aio_guest_run_set_state (AioGuestRun *self, AioGuestRunState state);
void aio_guest_run_count (AioGuestRun *self, gint64 elapsed, gboolean deferred);
void aio_guest_run_release_guest (AioGuestRun *self);

/* In a forked child a run lives on as a copy. It must not tell the guest that it is over: tidying
 * up there would reach into the parent, whose epoll set and descriptors the child shares. */
static inline gboolean
aio_guest_run_is_copy (AioGuestRun *self)
{
  return self->owner != 0 && self->fork_generation != aio_guest_fork_generation ();
}

G_END_DECLS
