/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error-private.h"

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

/* "WHAT: the text of the errno", as what the system has refused. */
void
aio_guest_set_system_error (GError **error, int code, const char *what)
{
  g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM, "%s: %s", what, g_strerror (code));
}
