/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-deadline-private.h"
#include "aio-guest-run-private.h"
#include "aio-guest-share-private.h"
#include "aio-guest-watches-private.h"

G_BEGIN_DECLS

/*
 * Two sibling sources serve one run.
 *
 * The *main source* has the run's own priority. It polls the guest's descriptors, a timer for the
 * guest's deadline, and the run's wakeup. As long as the guest is quick, there is no other source.
 *
 * The *idle source* has the priority of idle callbacks, or the run's own if that is lower, and
 * polls nothing. When the guest has had a slice (see AioGuestShare), the run yields: the main
 * source stops polling and is ready again only after a period, and the idle source is ready at
 * once. So everything that the host has to do between the two priorities comes first, above all
 * GTK's frames. A host that never rests still leaves the guest a slice in each period.
 *
 * Both may recurse, for guests that allow it. Their prepare and check only look: they run no tick,
 * change no priority, and take no lock that could be held for long.
 */

typedef struct
{
  /* The times of the innermost dispatch. The start of its slice moves on by all time that is not
   * the guest's: the host's time in nested main loops, and waits for a lock. */
  gint64 start;
  gint64 tick_start;

  /* The nested main loops inside the innermost tick: when the main context was first and last seen
   * at work in one; 0 for never. The time in between is the host's. The last callback, which ends
   * the main loop, is over unseen: its time counts as the guest's. */
  gint64 nested_first;
  gint64 nested_last;
} AioGuestSlice;

typedef struct _AioGuestIdleSource AioGuestIdleSource;

typedef struct
{
  GSource parent;

  AioGuestRun *run; /* borrowed: the callback data owns a reference */
  AioGuestIdleSource *idle; /* owned; made at the first yield */

  GPollFD wakeup; /* of the run; polled as long as the run is alive, even if nothing else is */
  AioGuestWatches watches;
  AioGuestDeadline deadline; /* the guest's next timer */
  AioGuestShare share;
  AioGuestSlice slice;
} AioGuestMainSource;

static inline void
aio_guest_main_source_set_polling (AioGuestMainSource *self, gboolean polling)
{
  aio_guest_watches_set_polling (&self->watches, polling);
  aio_guest_deadline_set_polling (&self->deadline, polling);
}

/* A source that is destroyed inside its own dispatch lets go of the run only after it. */
static inline gboolean
aio_guest_main_source_is_alive (AioGuestMainSource *self)
{
  return aio_guest_run_is_alive (self->run) && !g_source_is_destroyed (&self->parent);
}

/* Whether the guest may be ticked. For the functions of the main source that GLib calls, which it
 * never does for a destroyed source. */
static inline gboolean
aio_guest_main_source_may_run (AioGuestMainSource *self, gboolean in_dispatch)
{
  return aio_guest_run_may_enter (self->run, in_dispatch);
}

/* Destroys one of the two sources, except while GLib frees its main context. The source belongs to
 * no context then, and GLib is about to destroy it. If it were destroyed here before, GLib would
 * never release what it holds. */
static inline void
aio_guest_main_source_destroy (GSource *source)
{
  if (!g_source_is_destroyed (source) && g_source_get_context (source) != NULL)
    g_source_destroy (source);
}

G_END_DECLS
