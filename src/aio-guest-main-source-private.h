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
 * guest's deadline, and the run's wakeup. As long as the guest is quick that is all there is.
 *
 * The *idle source* has the priority of idle callbacks, or the run's own if that is lower, and
 * polls nothing. When the guest has had a slice (see AioGuestShare) the run yields: the main
 * source stops polling and is ready again only after a period, and the idle source is ready at
 * once. So everything the host has to do between the two priorities, GTK's frames above all,
 * comes first; and yet a host that never rests leaves the guest a slice in each period.
 *
 * Both may recurse, for guests that allow it. In prepare and check nothing is done but to look:
 * no tick, no change of priority, and no lock that could be held for long.
 */

typedef struct
{
  /* Of the innermost dispatch. The start of its slice moves on by the time that is not the
   * guest's: the host's in nested main loops, and waits for a lock. */
  gint64 start;
  gint64 tick_start;

  /* The nested main loops inside the innermost tick: when the main context was first and last
   * seen at work there, 0 for never. What lies between is the host's time; what its last callback
   * takes, the one that ends the main loop, is not seen and counts as the guest's. */
  gint64 nested_first;
  gint64 nested_last;
} AioGuestSlice;

typedef struct _AioGuestIdleSource AioGuestIdleSource;

typedef struct
{
  GSource parent;

  AioGuestRun *run; /* borrowed: the callback data owns a reference */
  AioGuestIdleSource *idle; /* owned; made at the first yield */

  GPollFD wakeup; /* of the run; polled as long as that is alive, whatever else is not */
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

/* For the main source's own steps, which GLib takes with no source that is destroyed. */
static inline gboolean
aio_guest_main_source_may_run (AioGuestMainSource *self, gboolean in_dispatch)
{
  return aio_guest_run_may_enter (self->run, in_dispatch);
}

/* For both sources. GLib destroys those of a main context that is being freed, which belong to none
 * by then, but those that somebody else has destroyed meanwhile it forgets, with all that they
 * hold. */
static inline void
aio_guest_main_source_destroy (GSource *source)
{
  if (!g_source_is_destroyed (source) && g_source_get_context (source) != NULL)
    g_source_destroy (source);
}

G_END_DECLS
