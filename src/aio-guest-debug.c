/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-debug-private.h"

guint aio_guest_debug_flags;

/* Called where the classes are made, so under their lock and before any run. */
void
aio_guest_debug_init (void)
{
  static const GDebugKey keys[] = {
    { "runs", AIO_GUEST_DEBUG_RUNS },     { "turns", AIO_GUEST_DEBUG_TURNS },
    { "slices", AIO_GUEST_DEBUG_SLICES }, { "yields", AIO_GUEST_DEBUG_YIELDS },
    { "wakes", AIO_GUEST_DEBUG_WAKES },
  };

  aio_guest_debug_flags =
    g_parse_debug_string (g_getenv ("AIOGUEST_DEBUG"), keys, G_N_ELEMENTS (keys));
}

/* Any thread. @name is NULL on another one than the run's owner. */
void
aio_guest_debug_log (gconstpointer run, const char *name, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  if (name != NULL)
    g_message ("run %p \"%s\": %s", run, name, text);
  else
    g_message ("run %p: %s", run, text);
}
