/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

PyObject *guest_find_obstacle (Guest *self);
gboolean guest_must_rest (Guest *self, const char *place);
void guest_review_rest (Guest *self);
void guest_note_left_dispatches (Guest *self);

/* In a nested main loop what begins greenlets calls a function that has this in its frame, so that
 * they have their stacks below a gap. */
#define GUEST_NESTED_GAP 4096
#define GUEST_LEAVE_GAP()                                                                            \
  G_GNUC_UNUSED volatile char gap[GUEST_NESTED_GAP];                                                 \
  gap[0] = 0

static inline gboolean
guest_is_nested (Guest *self)
{
  return g_main_depth () > self->rest.least_depth;
}

/* The guest looks again whether it must rest. */
static inline void
guest_end_rest (Guest *self)
{
  if (G_LIKELY (!self->rest.is_resting))
    return;

  self->rest.is_resting = FALSE;
  if (self->run != NULL)
    aio_guest_run_wake (self->run);
}

/* To be called where a tick begins, with the address of its frame: whether the guest must rest in the
 * main loop that has dispatched it. In the outermost one it never must. */
static inline gboolean
guest_rests (Guest *self, const char *place)
{
  const int depth = g_main_depth ();

  if (G_LIKELY (depth <= self->rest.least_depth))
    {
      self->rest.least_depth = depth;
      self->rest.is_resting = FALSE;
      return FALSE;
    }

  return (self->rest.is_atomic && self->depth > 0) || guest_must_rest (self, place);
}
