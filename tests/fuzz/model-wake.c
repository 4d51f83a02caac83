/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "helper-thread.h"
#include "model.h"

static void
do_wake (gpointer data)
{
  ModelGuest *self = data;

  /* Who sees the one must be woken by the other. */
  g_atomic_int_inc (&self->posted);
  aio_guest_run_wake (self->alive_run);
}

void
model_guest_wake (ModelGuest *self)
{
  if (self->alive_run == NULL)
    return;

  self->woken = TRUE;
  do_wake (self);
}

/* By the other thread: now, or while this one goes on. */
void
model_guest_wake_elsewhere (ModelGuest *self, gboolean racing)
{
  if (self->alive_run == NULL)
    return;

  helper_wait ();
  self->woken = TRUE;
  helper_begin (do_wake, self);

  /* Without a reference it can't be left alone with the run. */
  if (racing && self->run != NULL)
    self->racing = TRUE;
  else
    helper_wait ();
}
