/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIO_GUEST_INSIDE) && !defined(AIO_GUEST_COMPILATION)
#error "Only <aio-guest.h> can be included directly."
#endif

#include <glib.h>

#include "aio-guest-version.h"

/**
 * AIO_GUEST_CHECK_VERSION:
 * @major: a major version
 * @minor: a minor version
 * @micro: a micro version
 *
 * Compile-time check: whether the headers are at least of this version.
 *
 * Since: 1.0
 */
#define AIO_GUEST_CHECK_VERSION(major, minor, micro) \
  (AIO_GUEST_MAJOR_VERSION > (major) || \
   (AIO_GUEST_MAJOR_VERSION == (major) && AIO_GUEST_MINOR_VERSION > (minor)) || \
   (AIO_GUEST_MAJOR_VERSION == (major) && AIO_GUEST_MINOR_VERSION == (minor) && \
    AIO_GUEST_MICRO_VERSION >= (micro)))

/* The library is built with hidden visibility: what carries one of these macros is the ABI. */
#ifndef _AIO_GUEST_EXTERN
#define _AIO_GUEST_EXTERN extern
#endif

/**
 * AIO_GUEST_AVAILABLE_IN_1_0: (skip)
 *
 * Marks a function that has been there since API version 1.0.
 */
#define AIO_GUEST_AVAILABLE_IN_1_0 _AIO_GUEST_EXTERN
