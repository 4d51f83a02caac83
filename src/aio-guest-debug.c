/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-debug-private.h"
#include "aio-guest-run-private.h"

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

/* Any thread. The name is the owner's: another thread tells of the run by its address. */
void
aio_guest_debug_log (AioGuestRun *run, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  if (aio_guest_run_is_owner (run))
    g_message ("run %p \"%s\": %s", run, aio_guest_run_get_name (run), text);
  else
    g_message ("run %p: %s", run, text);
}
