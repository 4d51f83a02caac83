/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

PyObject *guest_find_obstacle (Guest *self);
gboolean guest_must_rest (Guest *self, const char *place);
void guest_review_rest (Guest *self);
void guest_note_left_dispatches (Guest *self);

/* Makes the frame of a function so large that it leaves a gap on the C stack. In a nested main
 * loop, code that may begin greenlets is called by such a function: the stacks of these greenlets
 * lie below the gap. */
#define GUEST_NESTED_GAP 4096
#define GUEST_LEAVE_GAP()                                                                            \
  G_GNUC_UNUSED volatile char gap[GUEST_NESTED_GAP];                                                 \
  gap[0] = 0

static inline gboolean
guest_is_nested (Guest *self)
{
  return g_main_depth () > self->rest.least_depth;
}

/* Ends a rest: the run is woken, and its next tick finds out again whether the guest must rest. */
static inline void
guest_end_rest (Guest *self)
{
  if (G_LIKELY (!self->rest.is_resting))
    return;

  self->rest.is_resting = FALSE;
  if (self->run != NULL)
    aio_guest_run_wake (self->run);
}

/* Whether the guest must rest in the main loop that has dispatched this tick. It never must in the
 * outermost one. To be called at the beginning of a tick. @place is the address of the frame of the
 * tick. */
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
