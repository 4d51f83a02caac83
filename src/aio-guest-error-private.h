/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-error.h"

G_BEGIN_DECLS

void aio_guest_set_system_error (GError **error, int code, const char *what);

G_END_DECLS
