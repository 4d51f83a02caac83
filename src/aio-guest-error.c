/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"

/**
 * aio_guest_error_quark:
 *
 * The quark behind %AIO_GUEST_ERROR.
 *
 * Returns: the error domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (aio-guest-error-quark, aio_guest_error)
