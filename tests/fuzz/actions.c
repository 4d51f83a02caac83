/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "model.h"
#include "trace.h"
#include "virtual-clock.h"

/* What the bytes may ask for, from the top, in a guest's tick, in a source of the host, and when a
 * run has ended. */

static void
act_on_host (Input *input)
{
  Host *host = &world.hosts[input_choose (input, N_HOSTS)];
  HostSource *source;

  switch (input_choose (input, 8))
    {
    case 0:
    case 1:
    case 2:
      host_iterate (host, FALSE);
      break;
    case 3:
    case 4:
      host_iterate (host, TRUE);
      break;
    case 5:
      host_source_add (host);
      break;
    case 6:
      source = host->sources[input_choose (input, MAX_SOURCES)];
      if (source != NULL)
        host_source_remove (source);
      break;
    case 7:
      /* Rarely, for it ends everything there is. */
      switch (input_choose (input, 4))
        {
        case 2:
          host_iterate_elsewhere (host);
          break;
        case 3:
          host_replace (host);
          break;
        default:
          host_iterate (host, TRUE);
        }
      break;
    }
}

static void
set_property (ModelGuest *self, Input *input)
{
  static const guint times[] = { 1000, 1, 100, 20000 };
  AioGuestRun *run = self->alive_run;

  switch (input_choose (input, 4))
    {
    case 0:
      aio_guest_run_set_priority (run, input_choose_priority (input));
      break;
    case 1:
      aio_guest_run_set_slice (run, times[input_choose (input, G_N_ELEMENTS (times))]);
      break;
    case 2:
      aio_guest_run_set_period (run, times[input_choose (input, G_N_ELEMENTS (times))]);
      break;
    case 3:
      aio_guest_run_set_reentrant (run, input_choose (input, 2) == 1);
      break;
    }

  trace ("guest %u: set to priority %d, slice %u us, period %u us%s", self->slot,
         aio_guest_run_get_priority (run), aio_guest_run_get_slice (run),
         aio_guest_run_get_period (run),
         aio_guest_run_get_reentrant (run) ? ", reentrant" : "");
}

static void
act_on_guest (ModelGuest *self, Input *input)
{
  switch (input_choose (input, 16))
    {
    case 0:
    case 1:
      model_guest_signal (self);
      break;
    case 2:
    case 3:
      model_guest_wake (self);
      break;
    case 4:
      model_guest_wake_elsewhere (self, FALSE);
      break;
    case 5:
      model_guest_wake_elsewhere (self, TRUE);
      break;
    case 6:
      model_guest_give_work (self);
      break;
    case 7:
      model_guest_stop (self);
      break;
    case 8:
    case 9:
      if (self->alive_run != NULL)
        set_property (self, input);
      break;
    case 10:
      model_guest_drop (self);
      break;
    case 11:
      model_guest_toggle_watch (self);
      break;
    case 12:
      model_guest_restart_slice (self);
      break;
    case 13:
      model_guest_destroy_source (self);
      break;
    case 14:
      if (input_choose (input, 4) == 3)
        model_guest_close_backend (self);
      break;
    case 15:
      model_guest_attach (self, &world.hosts[input_choose (input, N_HOSTS)]);
      break;
    }
}

static void
begin_guest (Input *input)
{
  for (guint slot = 0; slot < MAX_GUESTS; slot++)
    {
      if (world.guests[slot] != NULL)
        continue;

      ModelGuest *guest = world.guests[slot] = model_guest_new (slot);
      const guint where = input_choose (input, N_HOSTS + 1);

      if (where < N_HOSTS)
        model_guest_attach (guest, &world.hosts[where]);
      return;
    }
}

static void
pass_time (gint64 microseconds)
{
  trace ("%" G_GINT64_FORMAT " us pass", microseconds);
  virtual_clock_advance (microseconds);
}

/* @self: the guest whose tick this is, or NULL. */
void
act (ModelGuest *self)
{
  Input *input = &world.input;
  ModelGuest *guest;

  switch (input_choose (input, 8))
    {
    case 0:
    case 1:
    case 2:
      act_on_host (input);
      break;
    case 3:
      pass_time (input_choose_time (input));
      break;
    case 4:
      begin_guest (input);
      break;
    default:
      guest = world.guests[input_choose (input, MAX_GUESTS)];
      if (guest == NULL)
        guest = self != NULL ? self : world.guests[0];
      if (guest != NULL)
        act_on_guest (guest, input);
      break;
    }

  for (guint i = 0; i < MAX_GUESTS && world.ending == 0; i++)
    {
      if (world.guests[i] != NULL)
        model_guest_check (world.guests[i]);
    }
}
