/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-main-source-private.h"

G_BEGIN_DECLS

/* What the dispatch of both sources comes to: the guest's slice. */

/* @on_yield: sees to it that the run goes on when the host is idle; NULL if that is seen to. */
gboolean aio_guest_slice_run (AioGuestMainSource *self,
                              gboolean when_idle,
                              void (*on_yield) (AioGuestMainSource *self));
gint64 aio_guest_slice_restart (AioGuestMainSource *self);

/* While a dispatch is going on this is the sign of a main loop below it. */
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
