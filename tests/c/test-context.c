/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The whole main context goes away. */

#include "config.h"

#include "aio-guest-error.h"
#include "guest.h"

static gboolean
never_called (G_GNUC_UNUSED gpointer data)
{
  g_assert_not_reached ();
}

/* From a finalizer that the end of the main context calls: there is none to be had any more. */
static void
look_for_context (gpointer data)
{
  Guest *guest = data;

  g_assert_null (aio_guest_run_get_main_context (guest->run));
  guest->dispatches = 0;
}

/* Also while the idle source is in it, and when the run's priority puts that one in the
 * same place. */
static void
test_gone (const Variant *variant)
{
  static const struct { gboolean yielded; int priority; } rows[] = {
    { FALSE, G_PRIORITY_DEFAULT },
    { TRUE, G_PRIORITY_DEFAULT },
    { TRUE, G_PRIORITY_LOW },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (Guest) guest = guest_new (variant);

      aio_guest_run_set_priority (guest->run, rows[i].priority);
      guest_attach (guest);
      guest->answer = rows[i].yielded ? AIO_GUEST_TICK_AGAIN : AIO_GUEST_TICK_WAIT;
      if (rows[i].yielded)
        iterate_until (guest->context, guest->dispatches >= 3);

      g_autoptr (GSource) bystander = g_timeout_source_new_seconds (3600);

      guest->dispatches = 1;
      g_source_set_priority (bystander, G_PRIORITY_LOW + 1);
      g_source_set_callback (bystander, never_called, guest, look_for_context);
      g_source_attach (bystander, guest->context);

      g_clear_pointer (&guest->context, g_main_context_unref);
      g_assert_cmpuint (guest->dispatches, ==, 0);
      g_assert_null (aio_guest_run_get_main_context (guest->run));
      g_assert_cmpuint (guest->finished, ==, 1);
      g_assert_cmpuint (guest->destroyed, ==, 1);
      g_assert_error (guest->error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_ABANDONED);
      g_assert_cmpint (aio_guest_run_get_state (guest->run), ==, AIO_GUEST_RUN_STATE_FINISHED);
    }
}

static void
stop_run (gpointer data)
{
  Guest *guest = data;

  g_assert_null (aio_guest_run_get_main_context (guest->run));
  aio_guest_run_stop (guest->run);
}

/* Of all sources of the main context the first, or the last, that GLib comes to. */
static void
add_bystander (Guest *guest, int priority)
{
  g_autoptr (GSource) source = g_timeout_source_new_seconds (3600);

  g_source_set_priority (source, priority);
  g_source_set_callback (source, never_called, guest, stop_run);
  g_source_attach (source, guest->context);
}

static GSource *
find_source (GMainContext *context, const char *name)
{
  for (guint id = 1; id < 100; id++)
    {
      GSource *source = g_main_context_find_source_by_id (context, id);

      if (source != NULL && g_strcmp0 (g_source_get_name (source), name) == 0)
        return source;
    }

  return NULL;
}

static guint n_freed;

static void
note_freed (G_GNUC_UNUSED GSource *source)
{
  n_freed++;
}

/* A finalizer that the end of the main context calls stops the run, whose sources are still to come:
 * they are freed like all others, and let go of the run. */
static void
test_stopped_meanwhile (const Variant *variant)
{
  for (guint yielded = 0; yielded <= 1; yielded++)
    {
      g_autoptr (Guest) guest = guest_new (variant);
      GSource *source;
      GSource *idle;

      guest_attach (guest);
      guest->answer = yielded ? AIO_GUEST_TICK_AGAIN : AIO_GUEST_TICK_WAIT;
      iterate_until (guest->context, guest->dispatches == 1);

      source = find_source (guest->context, "[aioguest] run");
      idle = find_source (guest->context, "[aioguest] idle");
      g_assert_nonnull (source);
      g_assert_true ((idle != NULL) == yielded);

      n_freed = 0;
      g_source_set_dispose_function (source, note_freed);
      if (idle != NULL)
        g_source_set_dispose_function (idle, note_freed);

      add_bystander (guest, G_PRIORITY_HIGH);
      add_bystander (guest, G_PRIORITY_LOW);
      g_clear_pointer (&guest->context, g_main_context_unref);

      g_assert_cmpuint (guest->finished, ==, 1);
      g_assert_no_error (guest->error);
      g_assert_cmpuint (n_freed, ==, 1 + yielded);
    }
}

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

  add_per_variant ("/context/%s/gone", test_gone);
  add_per_variant ("/context/%s/stopped-meanwhile", test_stopped_meanwhile);

  return g_test_run ();
}
