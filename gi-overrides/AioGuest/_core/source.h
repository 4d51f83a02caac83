/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

/* Destroys a source of ours and drops the reference to it; does nothing if there is none. While
 * GLib frees a main context, the source belongs to no context, and GLib is about to destroy it. If
 * it were destroyed here before, GLib would never release what it holds. */
static inline void
core_drop_source (GSource **source)
{
  if (*source == NULL)
    return;

  if (!g_source_is_destroyed (*source) && g_source_get_context (*source) != NULL)
    g_source_destroy (*source);

  g_clear_pointer (source, g_source_unref);
}
