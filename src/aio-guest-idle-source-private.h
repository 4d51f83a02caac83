/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-main-source-private.h"

G_BEGIN_DECLS

/* The source by which a run that has yielded goes on when the host is idle. */

void aio_guest_idle_source_ensure (AioGuestMainSource *main);
void aio_guest_idle_source_update_priority (AioGuestMainSource *main);
void aio_guest_idle_source_close (AioGuestMainSource *main);

G_END_DECLS
