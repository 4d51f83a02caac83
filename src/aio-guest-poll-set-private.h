/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One descriptor in the place of many: it is readable while one of them has an event. */

typedef struct _AioGuestPollSet AioGuestPollSet;

AioGuestPollSet *aio_guest_poll_set_new (GError **error);
void aio_guest_poll_set_free (AioGuestPollSet *self);
int aio_guest_poll_set_get_fd (AioGuestPollSet *self);
gboolean aio_guest_poll_set_add_permanent (AioGuestPollSet *self, int fd, GError **error);
gboolean aio_guest_poll_set_update (AioGuestPollSet *self, const GPollFD *fds, guint n_fds);
gboolean aio_guest_poll_set_is_ready (AioGuestPollSet *self);
void aio_guest_poll_set_mute (AioGuestPollSet *self, gboolean muted);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AioGuestPollSet, aio_guest_poll_set_free)

G_END_DECLS
