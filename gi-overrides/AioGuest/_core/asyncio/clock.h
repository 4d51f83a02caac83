/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "../core.h"

#include <time.h>

/* The clock of asyncio's loops, which is GLib's, too. */

/* Does what loop.time() does, unless somebody has replaced time.monotonic, which goes unnoticed. */
static inline double
core_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  /* As time.monotonic() converts it, so that a deadline compares equal. */
  return (double) ((gint64) now.tv_sec * 1000000000 + now.tv_nsec) / 1e9;
}
