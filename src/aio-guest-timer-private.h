/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A descriptor that becomes readable at a time, where the platform has such. */

typedef struct _AioGuestTimer AioGuestTimer;

AioGuestTimer *aio_guest_timer_new (void);
void aio_guest_timer_free (AioGuestTimer *self);
void aio_guest_timer_abandon (AioGuestTimer *self);
int aio_guest_timer_get_fd (AioGuestTimer *self);
gboolean aio_guest_timer_set (AioGuestTimer *self, gint64 ready_time);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AioGuestTimer, aio_guest_timer_free)

G_END_DECLS
