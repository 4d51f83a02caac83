/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "../core.h"

/* Second looks at the selector, see looks_is_worth_one(). */
typedef struct
{
  guint n_vain;     /* looks that found nothing, since one that did */
  guint n_left_out; /* how often one was considered since there are LOOKS_MAX_VAIN of them */
} Looks;

/* After LOOKS_MAX_VAIN looks in vain, only one of LOOKS_TAKEN_OF is taken. */
#define LOOKS_MAX_VAIN 8
#define LOOKS_TAKEN_OF 16

/*
 * Whether a second look at the selector is worth while, after I/O in the same tick. If there is
 * something to find, it is cheaper than a turn of the main loop: for example if both ends of a
 * connection are in this loop. If the peer is slow, it finds nothing. The latest looks show which
 * is likely.
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
