/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "helper-thread.h"
#include "model.h"
#include "trace.h"

/* The ways in which a run ends. */

void
model_guest_stop (ModelGuest *self)
{
  if (self->alive_run == NULL)
    return;

  trace ("guest %u: stopped", self->slot);
  if (aio_guest_run_get_state (self->alive_run) != AIO_GUEST_RUN_STATE_FINISHED)
    self->allowed_ends = END_WITHOUT_ERROR;
  self->over = TRUE;
  aio_guest_run_stop (self->alive_run);
}

void
model_guest_drop (ModelGuest *self)
{
  /* Who wakes it on another thread counts on the reference. */
  trace ("guest %u: dropped", self->slot);
  helper_wait ();
  g_clear_object (&self->run);
}

/* As a host may do that removes whatever it finds. */
void
model_guest_destroy_source (ModelGuest *self)
{
  g_autoptr (GMainContext) context = NULL;
  GSource *source;

  if (!model_guest_is_live (self))
    return;

  trace ("guest %u: its source is destroyed", self->slot);

  /* The end of a run may replace the host, while GLib is not through with it. */
  context = g_main_context_ref (self->host->context);
  source = g_main_context_find_source_by_user_data (context, self->alive_run);
  g_assert (source != NULL);

  self->source_destroyed = TRUE;
  self->allowed_ends = END (AIO_GUEST_ERROR_ABANDONED);
  g_source_destroy (source);
}

void
model_guest_host_gone (ModelGuest *self)
{
  if (!model_guest_is_live (self))
    return;

  self->source_destroyed = TRUE;
  self->allowed_ends = END (AIO_GUEST_ERROR_ABANDONED);
}

void
model_guest_note_finished (AioGuestRun *run, GError *error, gpointer user_data)
{
  ModelGuest *self = user_data;
  /* The guest's own errors, and one that it should have set. */
  const guint end = error == NULL                    ? END_WITHOUT_ERROR
                    : error->domain == G_FILE_ERROR  ? END (AIO_GUEST_ERROR_FAILED)
                    : error->domain == AIO_GUEST_ERROR ? END (error->code)
                                                     : 0;

  g_assert (run == self->alive_run);
  g_assert (self->depth == 0);
  g_assert (self->destroyed == 0);
  g_assert ((self->allowed_ends & end) != 0);
  g_assert (aio_guest_run_get_state (run) == AIO_GUEST_RUN_STATE_FINISHED);
  g_assert ((aio_guest_run_get_error (run) != NULL) == (error != NULL));
  g_assert (aio_guest_run_get_main_context (run) == NULL);

  trace ("guest %u: over: %s", self->slot, error != NULL ? error->message : "finished");
  self->finished++;
  self->over = TRUE;

  /* The other thread iterates and wakes; it never drops a main context. */
  if (helper_is_self ())
    {
      g_assert (end != END (AIO_GUEST_ERROR_ABANDONED));
    }
  else
    {
      g_assert (g_thread_self () == world.owner);
      world.ending++;
      if (input_choose (&world.input, 4) == 3)
        act (self);
      world.ending--;
    }
}

void
model_guest_note_destroyed (gpointer user_data)
{
  ModelGuest *self = user_data;

  g_assert (self->depth == 0);
  self->destroyed++;
}
