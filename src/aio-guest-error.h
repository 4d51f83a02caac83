/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIO_GUEST_INSIDE) && !defined(AIO_GUEST_COMPILATION)
#error "Only <aio-guest.h> can be included directly."
#endif

#include <glib.h>

#include "aio-guest-version-macros.h"

G_BEGIN_DECLS

/**
 * AioGuestError:
 * @AIO_GUEST_ERROR_FAILED: the guest failed
 * @AIO_GUEST_ERROR_NOT_POLLABLE: a descriptor of the guest can't be watched, or is no longer open
 * @AIO_GUEST_ERROR_WRONG_THREAD: the main context belongs to another thread
 * @AIO_GUEST_ERROR_WRONG_STATE: the run was attached before
 * @AIO_GUEST_ERROR_ABANDONED: the host's main context went away in mid-run
 * @AIO_GUEST_ERROR_SYSTEM: the system refused a thread or a descriptor
 *
 * Errors of AioGuest.
 *
 * Since: 1.0
 */
typedef enum
{
  AIO_GUEST_ERROR_FAILED,
  AIO_GUEST_ERROR_NOT_POLLABLE,
  AIO_GUEST_ERROR_WRONG_THREAD,
  AIO_GUEST_ERROR_WRONG_STATE,
  AIO_GUEST_ERROR_ABANDONED,
  AIO_GUEST_ERROR_SYSTEM
} AioGuestError;

/**
 * AIO_GUEST_ERROR:
 *
 * The error domain of AioGuest. Its codes are [error@Error].
 *
 * Since: 1.0
 */
#define AIO_GUEST_ERROR (aio_guest_error_quark ())

AIO_GUEST_AVAILABLE_IN_1_0
GQuark aio_guest_error_quark (void);

G_END_DECLS
