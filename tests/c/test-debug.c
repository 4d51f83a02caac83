/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-debug-private.h"
#include "guest.h"

/* What is logged to the domain: any thread may. */
static GMutex lock;
static GString *logged;

static void
note_message (G_GNUC_UNUSED const char *domain,
              GLogLevelFlags level,
              const char *message,
              G_GNUC_UNUSED gpointer user_data)
{
  g_assert_cmpint (level, ==, G_LOG_LEVEL_MESSAGE);

  g_mutex_lock (&lock);
  g_string_append_printf (logged, "%s\n", message);
  g_mutex_unlock (&lock);
}

static char *
take_logged (void)
{
  char *text;

  g_mutex_lock (&lock);
  text = g_strdup (logged->str);
  g_string_truncate (logged, 0);
  g_mutex_unlock (&lock);

  return text;
}

static void
set_debug (const char *what)
{
  g_setenv ("AIOGUEST_DEBUG", what, TRUE);
  aio_guest_debug_init ();
}

#define assert_has(text, pattern) \
  G_STMT_START \
  { \
    if (!g_regex_match_simple ((pattern), (text), G_REGEX_MULTILINE, 0)) \
      g_error ("no /%s/ in:\n%s", (pattern), (text)); \
  } \
  G_STMT_END

static void
test_keys (void)
{
  set_debug ("");
  g_assert_cmpuint (aio_guest_debug_flags, ==, 0);
  set_debug ("turns:yields");
  g_assert_cmpuint (aio_guest_debug_flags, ==, AIO_GUEST_DEBUG_TURNS | AIO_GUEST_DEBUG_YIELDS);
  set_debug ("Wakes, slices runs");
  g_assert_cmpuint (aio_guest_debug_flags, ==,
                    AIO_GUEST_DEBUG_WAKES | AIO_GUEST_DEBUG_SLICES | AIO_GUEST_DEBUG_RUNS);
  set_debug ("all");
  g_assert_cmpuint (aio_guest_debug_flags, ==, 31);
  set_debug ("nonsense");
  g_assert_cmpuint (aio_guest_debug_flags, ==, 0);

  g_unsetenv ("AIOGUEST_DEBUG");
  aio_guest_debug_init ();
  g_assert_cmpuint (aio_guest_debug_flags, ==, 0);
}

static gpointer
wake (gpointer data)
{
  aio_guest_run_wake (data);
  return NULL;
}

/* A run with one turn of each kind, and a yield. */
static void
live (const Variant *variant)
{
  g_autoptr (Guest) guest = guest_new (variant);

  aio_guest_run_set_name (guest->run, "tree");
  guest_attach (guest);
  guest_settle (guest);

  guest_signal (guest);
  iterate_until (guest->context, guest->events == 1);

  guest->ticks = 0;
  g_thread_join (g_thread_new ("waker", wake, guest->run));
  iterate_until (guest->context, guest->ticks > 0);

  guest->ticks = 0;
  guest->deadline = 1000;
  aio_guest_run_wake (guest->run);
  iterate_until (guest->context, guest->ticks >= 2);
  guest->deadline = -1;

  guest->answer = AIO_GUEST_TICK_AGAIN;
  guest->dispatches = 0;
  aio_guest_run_wake (guest->run);
  iterate_until (guest->context, guest->dispatches >= 2);
  guest->answer = AIO_GUEST_TICK_WAIT;
  guest_settle (guest);

  aio_guest_run_stop (guest->run);
}

static void
test_off (const Variant *variant)
{
  aio_guest_debug_flags = 0;
  live (variant);

  g_autofree char *text = take_logged ();
  g_assert_cmpstr (text, ==, "");
}

static void
test_all (const Variant *variant)
{
  aio_guest_debug_flags = G_MAXUINT;
  live (variant);
  aio_guest_debug_flags = 0;

  g_autofree char *text = take_logged ();
  assert_has (text, "^run 0x[0-9a-f]+ \"tree\": attached: priority 0, slice \\d+ us, period \\d+ us, "
                    "descriptor \\d+ \\((direct|thread)\\)$");
  assert_has (text, "^run 0x[0-9a-f]+ \"tree\": turn, depth 0: a descriptor is ready$");
  assert_has (text, "^run 0x[0-9a-f]+: woken$");
  assert_has (text, "^run 0x[0-9a-f]+ \"tree\": woken$");
  assert_has (text, "^run 0x[0-9a-f]+ \"tree\": turn, depth 0: woken$");
  assert_has (text, "^run 0x[0-9a-f]+ \"tree\": turn, depth 0: a timer is due$");
  assert_has (text, "^run 0x[0-9a-f]+ \"tree\": turn, depth 0: the host is idle$");
  assert_has (text, "^run 0x[0-9a-f]+ \"tree\": slice: \\d+ us, nothing left$");
  assert_has (text, "^run 0x[0-9a-f]+ \"tree\": slice: \\d+ us, more to do$");
  assert_has (text, "^run 0x[0-9a-f]+ \"tree\": yields to ");
  assert_has (text, "^run 0x[0-9a-f]+ \"tree\": no longer yields$");
  assert_has (text, "^run 0x[0-9a-f]+ \"tree\": ended after \\d+ ticks: finished$");
}

static void
test_one_kind (const Variant *variant)
{
  aio_guest_debug_flags = AIO_GUEST_DEBUG_RUNS;
  live (variant);
  aio_guest_debug_flags = 0;

  g_autofree char *text = take_logged ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 3);
  assert_has (lines[0], "attached");
  assert_has (lines[1], "ended");
  g_assert_cmpstr (lines[2], ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  /* The classes read the environment when they are made: before, not in the middle of a test. */
  g_type_class_unref (g_type_class_ref (AIO_GUEST_TYPE_RUN));

  logged = g_string_new (NULL);
  g_log_set_handler ("AioGuest", G_LOG_LEVEL_MASK, note_message, NULL);

  g_test_add_func ("/debug/keys", test_keys);
  add_per_variant ("/debug/off/%s", test_off);
  add_per_variant ("/debug/all/%s", test_all);
  add_per_variant ("/debug/one-kind/%s", test_one_kind);

  return g_test_run ();
}
