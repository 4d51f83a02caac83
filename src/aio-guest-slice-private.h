/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-main-source-private.h"

G_BEGIN_DECLS

/* The slice of the guest, which the dispatch of either source runs. */

/* @on_yield: called when the run yields, so that it goes on when the host is idle; NULL if nothing
 * has to be done for that. */
gboolean aio_guest_slice_run (AioGuestMainSource *self,
                              gboolean when_idle,
                              void (*on_yield) (AioGuestMainSource *self));
gint64 aio_guest_slice_restart (AioGuestMainSource *self);

/* To be called when GLib calls a function of one of the sources. During a dispatch this shows that
 * a main loop is nested in it. */
static inline void
aio_guest_slice_note_nested (AioGuestMainSource *self)
{
  if (aio_guest_run_depth (self->run) == 0)
    return;

  self->slice.nested_last = g_get_monotonic_time ();
  if (self->slice.nested_first == 0)
    self->slice.nested_first = self->slice.nested_last;
}

G_END_DECLS
