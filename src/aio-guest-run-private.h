/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-run.h"

G_BEGIN_DECLS

/* For the source, on the owner thread. */

gboolean aio_guest_run_begin (AioGuestRun *self, GSource *source, GError **error);
void aio_guest_run_end (AioGuestRun *self, GError *error);
void aio_guest_run_source_gone (AioGuestRun *self);

gboolean aio_guest_run_is_alive (AioGuestRun *self);
gboolean aio_guest_run_is_owner (AioGuestRun *self);
gboolean aio_guest_run_has_work (AioGuestRun *self);
gboolean aio_guest_run_is_woken (AioGuestRun *self);
void aio_guest_run_take_wake (AioGuestRun *self);

guint aio_guest_run_get_depth (AioGuestRun *self);
void aio_guest_run_enter (AioGuestRun *self);
AioGuestTick aio_guest_run_tick (AioGuestRun *self,
                                 gint64 slice_end,
                                 gint64 *next_ready_time,
                                 GError **error);
void aio_guest_run_leave (AioGuestRun *self, gint64 elapsed, gboolean deferred);

G_END_DECLS
