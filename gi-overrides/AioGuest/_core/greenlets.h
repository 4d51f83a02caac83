/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

PyObject *guest_find_obstacle (Guest *self, const char *place);
gboolean guest_must_rest (Guest *self);
void guest_review_rest (Guest *self);
void guest_note_left_dispatches (Guest *self);
void guest_note_place (Guest *self, int loop_depth, const char *place);
void guest_forget_places (Guest *self, const char *place);

/* In a nested main loop what begins greenlets calls a function that has this in its frame, so that
 * they have their stacks below a gap. */
#define GUEST_NESTED_GAP 4096
#define GUEST_LEAVE_GAP()                                                                            \
  G_GNUC_UNUSED volatile char gap[GUEST_NESTED_GAP];                                                 \
  gap[0] = 0

static inline gboolean
guest_is_nested (Guest *self)
{
  return g_main_depth () > self->least_depth;
}

PyObject *core_find_instances (PyObject *module, PyObject *type);

/* To be called where the caller has called what may have nested main loops, which are over. */
static inline void
guest_forget_nested_places (Guest *self)
{
  if (G_UNLIKELY (self->safe_places->len > 0))
    guest_forget_places (self, __builtin_frame_address (0));
}

/* The guest looks again whether it must rest. */
static inline void
guest_end_rest (Guest *self)
{
  if (G_LIKELY (!self->rests))
    return;

  self->rests = FALSE;
  if (self->run != NULL)
    aio_guest_run_wake (self->run);
}

/* To be called where a tick begins: whether the guest must rest in the main loop that has dispatched
 * it. In the outermost one it never must. */
static inline gboolean
guest_rests (Guest *self)
{
  const int depth = g_main_depth ();

  if (G_LIKELY (depth <= self->least_depth))
    {
      self->least_depth = depth;
      self->rests = FALSE;
      if (G_UNLIKELY (self->safe_places->len > 0))
        g_ptr_array_set_size (self->safe_places, 0);
      return FALSE;
    }

  return (self->is_atomic && self->depth > 0) || guest_must_rest (self);
}
