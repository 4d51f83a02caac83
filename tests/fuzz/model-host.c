/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "helper-thread.h"
#include "model.h"
#include "trace.h"
#include "virtual-clock.h"

/* Life */

void
host_open (Host *self)
{
  self->context = g_main_context_new ();
  g_main_context_set_poll_func (self->context, host_poll);
}

void
host_close (Host *self)
{
  for (guint i = 0; i < MAX_SOURCES; i++)
    {
      if (self->sources[i] != NULL)
        host_source_remove (self->sources[i]);
    }

  for (guint i = 0; i < MAX_GUESTS; i++)
    {
      if (world.guests[i] != NULL && world.guests[i]->host == self)
        model_guest_host_gone (world.guests[i]);
    }

  g_clear_pointer (&self->context, g_main_context_unref);
}

/* Its guests are abandoned. */
void
host_replace (Host *self)
{
  if (self->iterating > 0)
    return;

  trace ("host %u: replaced", host_number (self));

  /* What acts at the end of a guest finds a host to act on. */
  GMainContext *old = g_main_context_ref (self->context);

  host_close (self);
  host_open (self);
  g_main_context_unref (old);
}

/* Iterations */

void
host_note_dispatch (int priority)
{
  world.frame->most_urgent = MIN (world.frame->most_urgent, priority);
}

static void
begin_frame (Frame *frame, Host *self)
{
  static guint last_id;

  *frame = (Frame){ .id = ++last_id, .outer = world.frame, .host = self, .most_urgent = G_MAXINT };
  world.frame = frame;
  world.nesting++;
  self->iterating++;

  virtual_clock_advance (1);
  frame->start = virtual_clock_now ();

  for (guint i = 0; i < MAX_SOURCES; i++)
    {
      if (self->sources[i] != NULL && host_source_is_ready (self->sources[i]))
        frame->source_priorities[frame->n_sources++] =
          g_source_get_priority (self->sources[i]->source);
    }

  for (guint i = 0; i < MAX_GUESTS; i++)
    {
      ModelGuest *guest = world.guests[i];

      if (guest == NULL)
        continue;

      if (guest->depth > 0)
        guest->share.uncertain = TRUE;
      if (guest->host != self || !model_guest_is_live (guest))
        continue;

      frame->priorities[i] = aio_guest_run_get_priority (guest->alive_run);
      frame->is_due[i] = self->iterating == 1 && !guest->racing && model_guest_is_due (guest);
      frame->ticks[i] = guest->ticks;
    }
}

/* A guest may be dispatched, and that not be seen here, because it has yielded or can't go on. */
static gboolean
may_have_been_passed_over (Frame *frame, guint slot)
{
  if (frame->nested || frame->most_urgent < frame->priorities[slot])
    return TRUE;

  for (guint i = 0; i < MAX_GUESTS; i++)
    {
      if (world.guests[i] != NULL && world.guests[i]->host == frame->host &&
          frame->priorities[i] < frame->priorities[slot])
        return TRUE;
    }

  return FALSE;
}

static void
end_frame (Frame *frame)
{
  for (guint i = 0; i < MAX_GUESTS; i++)
    {
      if (frame->is_due[i] && model_guest_is_live (world.guests[i]) &&
          world.guests[i]->ticks == frame->ticks[i])
        g_assert (may_have_been_passed_over (frame, i));
    }

  for (Frame *outer = frame->outer; outer != NULL; outer = outer->outer)
    outer->nested |= outer->host == frame->host;

  frame->host->iterating--;
  world.nesting--;
  world.frame = frame->outer;
}

void
host_iterate (Host *self, gboolean may_block)
{
  Frame frame;

  if (world.nesting == MAX_NESTING || world.iterations == MAX_ITERATIONS)
    return;

  trace ("host %u: iterates%s", host_number (self), may_block ? ", and may sleep" : "");
  world.iterations++;
  begin_frame (&frame, self);
  g_main_context_iteration (self->context, may_block);
  end_frame (&frame);
}

static void
do_iterate (gpointer data)
{
  Host *self = data;

  g_main_context_iteration (self->context, FALSE);
}

/* By the other thread, which must not be: it ends the guests, unless it finds more urgent things
 * to do. */
void
host_iterate_elsewhere (Host *self)
{
  if (self->iterating > 0)
    return;

  for (guint i = 0; i < MAX_GUESTS; i++)
    {
      if (world.guests[i] != NULL && world.guests[i]->host == self)
        world.guests[i]->allowed_ends |= END (AIO_GUEST_ERROR_WRONG_THREAD);
    }

  trace ("host %u: iterated by another thread", host_number (self));
  helper_begin (do_iterate, self);
  helper_wait ();

  for (guint i = 0; i < MAX_GUESTS; i++)
    {
      if (world.guests[i] != NULL && world.guests[i]->host == self)
        world.guests[i]->allowed_ends &= ~END (AIO_GUEST_ERROR_WRONG_THREAD);
    }
}

/* With nothing left to decide everybody comes to rest. */
void
host_settle (Host *self)
{
  for (guint i = 0; i < MAX_SOURCES; i++)
    {
      if (self->sources[i] != NULL)
        host_source_remove (self->sources[i]);
    }

  self->rested_for_good = FALSE;
  for (world.iterations = 0; !self->rested_for_good;)
    {
      host_iterate (self, TRUE);
      g_assert (world.iterations < MAX_ITERATIONS);
    }
}
