/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "probe.h"
#include "watch.h"

/*
 * Noticing that a dict has changed, by comparing one number. From Python 3.12 on a dict watcher
 * counts the changes. Before that each dict has a version tag (PEP 509). Two kinds of dicts are
 * watched:
 *
 *   maps of selectors     descriptor (int) -> SelectorKey; the number is compared without the GIL
 *   attributes of loops
 *   and selectors         name (str) -> value
 *
 * The interpreter has eight dict watchers for all modules together. If none is left, changes go
 * unnoticed. Then check.c looks at a loop anew each time, no loop is ticked natively, and a
 * selector must have a descriptor of its own.
 */

#if PY_VERSION_HEX >= 0x030c0000

static guint64 map_changes; /* in all maps of selectors; atomic */
guint64 core_loop_changes;  /* in the attributes of all loops and selectors */
static PyObject *names_set_often[2];

static gboolean
is_set_often (PyObject *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names_set_often); i++)
    {
      if (key == names_set_often[i])
        return TRUE;
    }

  return FALSE;
}

static int
count_change (G_GNUC_UNUSED PyDict_WatchEvent event,
              G_GNUC_UNUSED PyObject *dict,
              PyObject *key,
              G_GNUC_UNUSED PyObject *value)
{
  if (key == NULL || PyLong_Check (key))
    __atomic_add_fetch (&map_changes, 1, __ATOMIC_RELAXED);

  if (key == NULL || (!PyLong_Check (key) && !is_set_often (key)))
    core_loop_changes++;

  return 0;
}

int
core_init_watcher (CoreState *state)
{
  /* Nothing depends on these two attributes, so their changes are not counted. The strings live as
   * long as the module. */
  names_set_often[0] = state->str__timer_cancelled_count;
  names_set_often[1] = state->str__current_handle;

  state->dict_watcher = PyDict_AddWatcher (count_change);
  if (state->dict_watcher >= 0)
    return 0;
  if (!PyErr_ExceptionMatches (PyExc_RuntimeError))
    return -1;

  PyErr_Clear ();
  core_differs (state, "other modules have taken all of Python's dict watchers");
  return 0;
}

void
core_free_watcher (CoreState *state)
{
  if (state->dict_watcher >= 0)
    PyDict_ClearWatcher (state->dict_watcher);
}

gboolean
core_can_watch (CoreState *state)
{
  return state->dict_watcher >= 0;
}

/* A watch is never removed: a dict has no more than one by this watcher, and other users of the
 * same dict may rely on it. */
int
core_watch (CoreState *state, PyObject *dict)
{
  return core_can_watch (state) ? PyDict_Watch (state->dict_watcher, dict) : 0;
}

guint64
core_map_version (G_GNUC_UNUSED PyObject *map)
{
  return __atomic_load_n (&map_changes, __ATOMIC_RELAXED);
}

#else

int
core_init_watcher (G_GNUC_UNUSED CoreState *state)
{
  return 0;
}

void
core_free_watcher (G_GNUC_UNUSED CoreState *state)
{
}

gboolean
core_can_watch (G_GNUC_UNUSED CoreState *state)
{
  return TRUE;
}

int
core_watch (G_GNUC_UNUSED CoreState *state, G_GNUC_UNUSED PyObject *dict)
{
  return 0;
}

guint64
core_map_version (PyObject *map)
{
  return __atomic_load_n (&((PyDictObject *) map)->ma_version_tag, __ATOMIC_RELAXED);
}

#endif
