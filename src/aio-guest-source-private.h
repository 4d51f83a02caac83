/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-source.h"

G_BEGIN_DECLS

/* For the run, on the owner thread. */

void aio_guest_source_set_priority (GSource *source, int priority);
gint64 aio_guest_source_restart_slice (GSource *source);
void aio_guest_source_close (GSource *source);

G_END_DECLS
