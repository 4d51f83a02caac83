/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-idle-source-private.h"
#include "aio-guest-slice-private.h"

/*
 * While the run has yielded, the idle source is always ready. That would starve all sources of an
 * even lower priority. So in one of IDLE_TURNS turns of the main loop it steps aside.
 */

#define IDLE_TURNS 10

struct _AioGuestIdleSource
{
  GSource parent;

  AioGuestMainSource *main; /* borrowed: the main source destroys this one with itself */
  guint turn;
  gboolean aside; /* in this turn of the main loop */
};

static gboolean
may_run (AioGuestIdleSource *self, gboolean in_dispatch)
{
  return self->main->share.yielded && aio_guest_main_source_is_alive (self->main) &&
         aio_guest_main_source_may_run (self->main, in_dispatch);
}

static gboolean
is_ready (AioGuestIdleSource *self)
{
  return !self->aside && may_run (self, FALSE);
}

static gboolean
idle_source_prepare (GSource *source, int *timeout)
{
  AioGuestIdleSource *self = (AioGuestIdleSource *) source;

  self->aside = FALSE;

  if (is_ready (self) && ++self->turn == IDLE_TURNS)
    {
      self->turn = 0;
      self->aside = TRUE;
      *timeout = 0;
      return FALSE;
    }

  *timeout = -1;
  return is_ready (self);
}

static gboolean
idle_source_check (GSource *source)
{
  return is_ready ((AioGuestIdleSource *) source);
}

static gboolean
idle_source_dispatch (GSource *source,
                      G_GNUC_UNUSED GSourceFunc callback,
                      G_GNUC_UNUSED gpointer user_data)
{
  AioGuestIdleSource *self = (AioGuestIdleSource *) source;

  aio_guest_slice_note_nested (self->main);

  if (!may_run (self, TRUE))
    return G_SOURCE_CONTINUE;

  /* The tick may end the run, and so destroy both sources. GLib holds a reference to the source
   * that it dispatches, which is the idle source here. So the main source and the run are held as
   * well. */
  g_autoptr (AioGuestRun) run G_GNUC_UNUSED = g_object_ref (self->main->run);
  g_autoptr (GSource) main_source = g_source_ref (&self->main->parent);

  return aio_guest_slice_run ((AioGuestMainSource *) main_source, TRUE, NULL);
}

static GSourceFuncs idle_source_funcs = {
  .prepare = idle_source_prepare,
  .check = idle_source_check,
  .dispatch = idle_source_dispatch,
};

static int
get_priority (AioGuestMainSource *main)
{
  return MAX (aio_guest_run_get_priority (main->run), G_PRIORITY_DEFAULT_IDLE);
}

/* Makes the idle source of @main, if it has none. */
void
aio_guest_idle_source_ensure (AioGuestMainSource *main)
{
  if (main->idle != NULL)
    return;

  GSource *source = g_source_new (&idle_source_funcs, sizeof (AioGuestIdleSource));

  main->idle = (AioGuestIdleSource *) source;
  main->idle->main = main;

  g_source_set_static_name (source, "[aioguest] idle");
  g_source_set_priority (source, get_priority (main));
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, g_source_get_context (&main->parent));
}

/* To be called after the priority of the run has changed. */
void
aio_guest_idle_source_update_priority (AioGuestMainSource *main)
{
  if (main->idle != NULL)
    g_source_set_priority (&main->idle->parent, get_priority (main));
}

void
aio_guest_idle_source_close (AioGuestMainSource *main)
{
  if (main->idle == NULL)
    return;

  aio_guest_main_source_destroy (&main->idle->parent);
  g_source_unref (&g_steal_pointer (&main->idle)->parent);
}
