/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What AIOGUEST_DEBUG can ask for, by these names in lower case. */
typedef enum
{
  AIO_GUEST_DEBUG_RUNS = 1 << 0,
  AIO_GUEST_DEBUG_TURNS = 1 << 1,
  AIO_GUEST_DEBUG_SLICES = 1 << 2,
  AIO_GUEST_DEBUG_YIELDS = 1 << 3,
  AIO_GUEST_DEBUG_WAKES = 1 << 4,
} AioGuestDebugFlags;

/* Set before the first run is made, constant from then on. */
extern guint aio_guest_debug_flags;

void aio_guest_debug_init (void);
void aio_guest_debug_log (gconstpointer run, const char *name, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* One branch when nothing was asked for: the arguments are not evaluated then. Needs
 * aio-guest-run-private.h. */
#define AIO_GUEST_DEBUG(what, run, ...) \
  G_STMT_START \
  { \
    if (G_UNLIKELY ((aio_guest_debug_flags & AIO_GUEST_DEBUG_##what) != 0)) \
      aio_guest_debug_log ((run), aio_guest_run_get_log_name (run), __VA_ARGS__); \
  } \
  G_STMT_END

G_END_DECLS
