/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "state.h"

int core_init_watcher (CoreState *state);
void core_free_watcher (CoreState *state);
gboolean core_can_watch (CoreState *state);
int core_watch (CoreState *state, PyObject *dict);
guint64 core_map_version (PyObject *map);

#if PY_VERSION_HEX >= 0x030c0000
extern guint64 core_loop_changes;
#endif

/* Of the dict of a loop or a selector, which is watched. */
static inline guint64
core_loop_version (PyObject *dict)
{
#if PY_VERSION_HEX >= 0x030c0000
  (void) dict;
  return core_loop_changes;
#else
  return ((PyDictObject *) dict)->ma_version_tag;
#endif
}
