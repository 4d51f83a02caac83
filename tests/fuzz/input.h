/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The bytes of a case, taken one by one wherever a choice is to be made, in ticks too. At the end
 * each choice is the first, which is always the one that lets things come to rest. */
typedef struct
{
  const guint8 *data;
  gsize size;
  gsize position;
} Input;

static inline gboolean
input_is_empty (const Input *self)
{
  return self->position >= self->size;
}

static inline guint
input_choose (Input *self, guint n)
{
  return input_is_empty (self) ? 0 : self->data[self->position++] % n;
}

G_END_DECLS
