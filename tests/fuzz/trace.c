/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "trace.h"

#include "virtual-clock.h"

gboolean tracing;

/* When, and as far in as main loops are nested; at once, because what comes next may abort. */
void
trace_line (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);

  g_print ("%12" G_GINT64_FORMAT " us  %*s%s\n", virtual_clock_now () - VIRTUAL_CLOCK_START,
           2 * g_main_depth (), "", what);
}
