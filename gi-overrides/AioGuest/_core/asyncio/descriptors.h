/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "selector.h"

/* What the run's poller watches. */
typedef struct
{
  PyObject *watched;     /* dict: descriptor -> condition */
  guint selector_serial; /* of the selector that it is of; 0 for none */
  guint64 map_version;   /* of the selector's map, when it was synced last */
} Descriptors;

gboolean descriptors_have_changed (const Descriptors *self, const SelectorView *selector);
int descriptors_sync (Descriptors *self,
                      CoreState *state,
                      const SelectorView *selector,
                      AioGuestPoller *poller);
