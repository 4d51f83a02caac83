/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-fork-private.h"
#include "aio-guest-run.h"
#include "aio-guest-wakeup-private.h"

G_BEGIN_DECLS

/* For the files of the run only; others ask by the functions of aio-guest-run-private.h. */

/* Microseconds. */
#define DEFAULT_SLICE 1000
#define DEFAULT_PERIOD 5000

/* In the place of a generation: that of no process. */
#define FROZEN G_MAXUINT

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
  int woken;            /* atomic; set before @wakeup is signalled */

  GMutex lock;
  AioGuestWakeup *wakeup; /* (lock), written by the owner only; there is one while there is a source */

  guint64 ticks;
  gint64 busy_time;
  gint64 longest_tick;
  guint64 deferred_slices;
};

enum
{
  PROP_0,
  PROP_NAME,
  PROP_STATE,
  PROP_PRIORITY,
  PROP_SLICE,
  PROP_PERIOD,
  PROP_REENTRANT,
  PROP_POLL_MODE,
  PROP_TICKS,
  PROP_BUSY_TIME,
  PROP_LONGEST_TICK,
  PROP_DEFERRED_SLICES,
  N_PROPS
};

extern GParamSpec *aio_guest_run_props[N_PROPS];

void aio_guest_run_install_properties (GObjectClass *object_class);
void aio_guest_run_install_signals (GObjectClass *object_class);

void aio_guest_run_count (AioGuestRun *self, gint64 elapsed, gboolean deferred);
void aio_guest_run_release_guest (AioGuestRun *self);

/* In a forked child a run lives on as a copy. It must not tell the guest that it is over: tidying
 * up there would reach into the parent, whose epoll set and descriptors the child shares. Nor can a
 * frozen run tell its guest. */
static inline gboolean
aio_guest_run_is_copy (AioGuestRun *self)
{
  return self->owner != 0 && self->fork_generation != aio_guest_fork_generation ();
}

G_END_DECLS
