/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "../core.h"

/* Second looks at the selector, see looks_is_worth_one(). */
typedef struct
{
  guint n_vain;     /* that found nothing, since one did */
  guint n_left_out; /* that were not taken since then */
} Looks;

/* After so many looks in vain only one of so many is taken. */
#define LOOKS_MAX_VAIN 8
#define LOOKS_TAKEN_OF 16

/*
 * A second look at the selector after I/O, in the same tick, is cheaper than a turn of the main loop if
 * there is something to find: both ends of a connection are in this loop, say. It is for nothing with a
 * peer that takes its time. How it was lately tells.
 */
static inline gboolean
looks_is_worth_one (Looks *self)
{
  return self->n_vain < LOOKS_MAX_VAIN || ++self->n_left_out % LOOKS_TAKEN_OF == 0;
}

static inline void
looks_note (Looks *self, gboolean found)
{
  if (found)
    self->n_vain = self->n_left_out = 0;
  else if (self->n_vain < LOOKS_MAX_VAIN)
    self->n_vain++;
}
