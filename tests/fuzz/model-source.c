/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "helper-thread.h"
#include "model.h"
#include "trace.h"
#include "virtual-clock.h"

gboolean
host_source_is_ready (HostSource *self)
{
  return self->interval == 0 && (self->depth == 0 || self->recurses);
}

static gboolean
dispatch (gpointer data)
{
  HostSource *self = data;
  Host *host = self->host;
  const guint slot = self->slot;

  if (helper_is_self ())
    return G_SOURCE_CONTINUE;

  g_assert (world.frame->host == host);
  trace ("host %u: source %u", host_number (host), slot);
  host_note_dispatch (g_source_get_priority (self->source));
  virtual_clock_advance (input_choose (&world.input, 2) * 1500);

  self->depth++;
  if (self->acts)
    act (NULL);
  self->depth--;

  if (host->sources[slot] != self)
    return G_SOURCE_REMOVE;
  if (input_choose (&world.input, 8) == 7)
    host_source_remove (self);

  return host->sources[slot] == self ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void
host_source_add (Host *host)
{
  static const guint intervals[] = { 0, 1, 5, 1000 };
  Input *input = &world.input;

  for (guint slot = 0; slot < MAX_SOURCES; slot++)
    {
      if (host->sources[slot] != NULL)
        continue;

      HostSource *self = g_new0 (HostSource, 1);

      self->host = host;
      self->slot = slot;
      self->interval = intervals[input_choose (input, G_N_ELEMENTS (intervals))];
      self->recurses = input_choose (input, 2) == 1;
      self->acts = input_choose (input, 2) == 1;
      self->source =
        self->interval == 0 ? g_idle_source_new () : g_timeout_source_new (self->interval);

      g_source_set_static_name (self->source, "[fuzz] host");
      g_source_set_priority (self->source, input_choose_priority (input));
      g_source_set_can_recurse (self->source, self->recurses);
      g_source_set_callback (self->source, dispatch, self, g_free);
      g_source_attach (self->source, host->context);
      host->sources[slot] = self;
      trace ("host %u: source %u new: every %u ms, priority %d%s%s", host_number (host), slot,
             self->interval, g_source_get_priority (self->source),
             self->recurses ? ", may recurse" : "", self->acts ? ", acts" : "");
      return;
    }
}

/* Inside its own dispatch it is freed after that. */
void
host_source_remove (HostSource *self)
{
  GSource *source = self->source;

  trace ("host %u: source %u removed", host_number (self->host), self->slot);
  self->host->sources[self->slot] = NULL;
  g_source_destroy (source);
  g_source_unref (source);
}
