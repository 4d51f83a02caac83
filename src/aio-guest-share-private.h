/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The guest's share of the thread: arithmetic only, all times in microseconds.
 *
 * A guest that has had a slice at its own priority since it last ran when idle must yield: from
 * then on it runs when the host is idle, and in any case once in each period.
 */
typedef struct
{
  gint64 slice;
  gint64 period;
  gint64 charge;      /* time at the run's own priority since it last ran when idle */
  gint64 resume_time; /* when yielded: when it is the guest's turn whatever the host does */
  gboolean yielded;
} AioGuestShare;

gboolean aio_guest_share_settle (AioGuestShare *self,
                                 gboolean when_idle,
                                 gint64 start_time,
                                 gint64 elapsed,
                                 gboolean work_left);

G_END_DECLS
