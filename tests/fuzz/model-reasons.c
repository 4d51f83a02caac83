/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "model.h"
#include "virtual-clock.h"

/* Why a guest may, or must, be ticked. */

/* One whose backend is closed may have ended already. */
gboolean
model_guest_is_live (ModelGuest *self)
{
  return self->host != NULL && !self->over && !self->source_destroyed &&
         aio_guest_run_get_state (self->alive_run) == AIO_GUEST_RUN_STATE_RUNNING;
}

gboolean
model_guest_may_enter (ModelGuest *self)
{
  return model_guest_is_live (self) &&
         (self->depth == 0 || aio_guest_run_get_reentrant (self->alive_run));
}

static gboolean
has_events (ModelGuest *self)
{
  return self->signalled && self->watched && !self->closed;
}

gboolean
model_guest_has_reason (ModelGuest *self)
{
  return self->is_new || self->woken || self->again || self->work || has_events (self) ||
         (self->deadline >= 0 && self->deadline <= virtual_clock_now ());
}

/* In the next turn in which nothing more urgent is ready. */
gboolean
model_guest_is_due (ModelGuest *self)
{
  return model_guest_may_enter (self) && !self->closed && model_guest_has_reason (self) &&
         (!self->share.may_have_yielded ||
          virtual_clock_now () >= self->share.due_in_any_case);
}

/* For whoever has to find out why it was not. */
void
model_guest_describe (ModelGuest *self)
{
  g_printerr ("guest %u: %s, depth %u, at %" G_GINT64_FORMAT ": new %d, woken %d, again %d, work %d, "
              "events %d, deadline %" G_GINT64_FORMAT "\n",
              self->slot, self->threaded ? "thread" : "direct", self->depth, virtual_clock_now (),
              self->is_new, self->woken, self->again, self->work, has_events (self),
              self->deadline);
}
