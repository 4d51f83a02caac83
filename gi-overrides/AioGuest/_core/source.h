/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

/* Destroys a source of ours and lets go of it; harmless if there is none. GLib destroys those of a
 * main context that is being freed, which belong to none by then, but one that somebody else has
 * destroyed meanwhile it forgets, with all that it holds. */
static inline void
core_drop_source (GSource **source)
{
  if (*source == NULL)
    return;

  if (!g_source_is_destroyed (*source) && g_source_get_context (*source) != NULL)
    g_source_destroy (*source);

  g_clear_pointer (source, g_source_unref);
}
