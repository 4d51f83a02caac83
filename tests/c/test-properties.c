/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <aio-guest.h>

static AioGuestTick
tick (G_GNUC_UNUSED AioGuestRun *run,
      gint64 slice_end,
      G_GNUC_UNUSED gint64 *next_ready_time,
      gpointer user_data,
      G_GNUC_UNUSED GError **error)
{
  AioGuestTick *answer = user_data;

  g_assert_cmpint (slice_end, >, 0);
  return *answer;
}

static AioGuestRun *
new_run (AioGuestTick *answer)
{
  g_autoptr (AioGuestPoller) poller =
    aio_guest_poller_new (-1, AIO_GUEST_POLL_MODE_DIRECT, NULL);

  return aio_guest_run_new (poller, tick, answer, NULL);
}

static void
count_notify (G_GNUC_UNUSED GObject *object, G_GNUC_UNUSED GParamSpec *pspec, gpointer data)
{
  (*(guint *) data)++;
}

static void
test_defaults (void)
{
  AioGuestTick answer = AIO_GUEST_TICK_WAIT;
  AioGuestRun *run = new_run (&answer);

  g_assert_cmpstr (aio_guest_run_get_name (run), ==, "guest");
  g_assert_cmpint (aio_guest_run_get_state (run), ==, AIO_GUEST_RUN_STATE_NEW);
  g_assert_cmpint (aio_guest_run_get_priority (run), ==, G_PRIORITY_DEFAULT);
  g_assert_cmpuint (aio_guest_run_get_slice (run), ==, AIO_GUEST_DEFAULT_SLICE);
  g_assert_cmpuint (aio_guest_run_get_period (run), >, aio_guest_run_get_slice (run));
  g_assert_false (aio_guest_run_get_reentrant (run));
  g_assert_cmpint (aio_guest_run_get_poll_mode (run), ==, AIO_GUEST_POLL_MODE_DIRECT);
  g_assert_cmpuint (aio_guest_run_get_ticks (run), ==, 0);
  g_assert_cmpint (aio_guest_run_get_busy_time (run), ==, 0);
  g_assert_cmpint (aio_guest_run_get_longest_tick (run), ==, 0);
  g_assert_cmpuint (aio_guest_run_get_deferred_slices (run), ==, 0);
  g_assert_null (aio_guest_run_get_error (run));
  g_assert_finalize_object (run);
}

/* Every default that a property declares is the one that a new run has. */
static void
test_declared (void)
{
  AioGuestTick answer = AIO_GUEST_TICK_WAIT;
  AioGuestRun *run = new_run (&answer);
  guint n_props;
  g_autofree GParamSpec **props =
    g_object_class_list_properties (G_OBJECT_GET_CLASS (run), &n_props);

  g_assert_cmpuint (n_props, ==, 11);

  for (guint i = 0; i < n_props; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_test_message ("%s", props[i]->name);
      g_object_get_property (G_OBJECT (run), props[i]->name, &value);
      if (g_strcmp0 (props[i]->name, "poll-mode") != 0)
        g_assert_true (g_param_value_defaults (props[i], &value));
    }

  g_assert_finalize_object (run);
}

typedef struct
{
  const char *name;
  const char *other; /* as text of the type; the defaults are other still */
} Writable;

static const Writable writables[] = {
  { "name", "downloads" },
  { "priority", "120" },
  { "slice", "500" },
  { "period", "20000" },
  { "reentrant", "1" },
};

static void
parse (GValue *value, GType type, const char *text)
{
  g_value_init (value, type);

  if (type == G_TYPE_STRING)
    g_value_set_string (value, text);
  else if (type == G_TYPE_INT)
    g_value_set_int (value, atoi (text));
  else if (type == G_TYPE_UINT)
    g_value_set_uint (value, (guint) atoi (text));
  else if (type == G_TYPE_BOOLEAN)
    g_value_set_boolean (value, atoi (text));
  else
    g_assert_not_reached ();
}

static void
test_notify (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (writables); i++)
    {
      AioGuestTick answer = AIO_GUEST_TICK_WAIT;
      AioGuestRun *run = new_run (&answer);
      g_autofree char *signal = g_strconcat ("notify::", writables[i].name, NULL);
      GParamSpec *pspec =
        g_object_class_find_property (G_OBJECT_GET_CLASS (run), writables[i].name);
      g_auto (GValue) value = G_VALUE_INIT;
      g_auto (GValue) back = G_VALUE_INIT;
      guint notified = 0;
      guint notified_any = 0;

      g_assert_nonnull (pspec);
      parse (&value, G_PARAM_SPEC_VALUE_TYPE (pspec), writables[i].other);
      g_signal_connect (run, signal, G_CALLBACK (count_notify), &notified);
      g_signal_connect (run, "notify", G_CALLBACK (count_notify), &notified_any);

      g_object_set_property (G_OBJECT (run), writables[i].name, &value);
      g_assert_cmpuint (notified, ==, 1);
      g_object_get_property (G_OBJECT (run), writables[i].name, &back);
      g_assert_cmpint (g_param_values_cmp (pspec, &value, &back), ==, 0);

      /* Nothing new, nothing to tell. */
      g_object_set_property (G_OBJECT (run), writables[i].name, &value);
      g_assert_cmpuint (notified, ==, 1);

      g_object_set_property (G_OBJECT (run), writables[i].name,
                             g_param_spec_get_default_value (pspec));
      g_assert_cmpuint (notified, ==, 2);
      g_assert_cmpuint (notified_any, ==, 2);

      g_assert_finalize_object (run);
    }
}

static void
test_name_null (void)
{
  AioGuestTick answer = AIO_GUEST_TICK_WAIT;
  AioGuestRun *run = new_run (&answer);

  aio_guest_run_set_name (run, "other");
  aio_guest_run_set_name (run, NULL);
  g_assert_cmpstr (aio_guest_run_get_name (run), ==, "guest");
  g_assert_finalize_object (run);
}

/* The functions refuse what the properties' ranges leave out. */
static void
test_out_of_range (void)
{
#ifdef G_DISABLE_CHECKS
  g_test_skip ("G_DISABLE_CHECKS is defined");
#else
  AioGuestTick answer = AIO_GUEST_TICK_WAIT;
  AioGuestRun *run = new_run (&answer);

  aio_guest_run_set_slice (run, 300);
  aio_guest_run_set_period (run, 4000);
  g_test_expect_message ("AioGuest", G_LOG_LEVEL_CRITICAL, "*slice > 0*");
  aio_guest_run_set_slice (run, 0);
  g_test_expect_message ("AioGuest", G_LOG_LEVEL_CRITICAL, "*period > 0*");
  aio_guest_run_set_period (run, 0);
  g_test_expect_message ("AioGuest", G_LOG_LEVEL_CRITICAL, "*depth > 0*");
  g_assert_cmpint (aio_guest_run_restart_slice (run), ==, 0);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (aio_guest_run_get_slice (run), ==, 300);
  g_assert_cmpuint (aio_guest_run_get_period (run), ==, 4000);
  g_assert_finalize_object (run);
#endif
}

static void
test_binding (void)
{
  AioGuestTick answer = AIO_GUEST_TICK_WAIT;
  AioGuestRun *first = new_run (&answer);
  AioGuestRun *second = new_run (&answer);
  GBinding *both = g_object_bind_property (
    first, "slice", second, "slice", G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  GBinding *one =
    g_object_bind_property (first, "name", second, "name", G_BINDING_SYNC_CREATE);

  aio_guest_run_set_slice (first, 300);
  g_assert_cmpuint (aio_guest_run_get_slice (second), ==, 300);
  aio_guest_run_set_slice (second, 400);
  g_assert_cmpuint (aio_guest_run_get_slice (first), ==, 400);

  aio_guest_run_set_name (first, "bound");
  g_assert_cmpstr (aio_guest_run_get_name (second), ==, "bound");

  g_binding_unbind (both);
  g_binding_unbind (one);
  g_assert_finalize_object (first);
  g_assert_finalize_object (second);
}

typedef struct
{
  guint state, ticks, busy_time, longest_tick, deferred_slices;
  guint64 last_ticks;
  gint64 last_busy_time;
  gint64 last_longest_tick;
  guint64 last_deferred_slices;
} Counters;

/* The counters never go back, also as seen from the notifications. */
static void
note (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  AioGuestRun *run = AIO_GUEST_RUN (object);
  Counters *self = user_data;

  g_assert_cmpuint (aio_guest_run_get_ticks (run), >=, self->last_ticks);
  g_assert_cmpint (aio_guest_run_get_busy_time (run), >=, self->last_busy_time);
  g_assert_cmpint (aio_guest_run_get_longest_tick (run), >=, self->last_longest_tick);
  g_assert_cmpuint (aio_guest_run_get_deferred_slices (run), >=, self->last_deferred_slices);
  self->last_ticks = aio_guest_run_get_ticks (run);
  self->last_busy_time = aio_guest_run_get_busy_time (run);
  self->last_longest_tick = aio_guest_run_get_longest_tick (run);
  self->last_deferred_slices = aio_guest_run_get_deferred_slices (run);

  if (g_str_equal (pspec->name, "state"))
    self->state++;
  else if (g_str_equal (pspec->name, "ticks"))
    self->ticks++;
  else if (g_str_equal (pspec->name, "busy-time"))
    self->busy_time++;
  else if (g_str_equal (pspec->name, "longest-tick"))
    self->longest_tick++;
  else if (g_str_equal (pspec->name, "deferred-slices"))
    self->deferred_slices++;
  else
    g_assert_not_reached ();
}

static void
test_counters (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) error = NULL;
  AioGuestTick answer = AIO_GUEST_TICK_AGAIN;
  AioGuestRun *run = new_run (&answer);
  Counters counters = { 0 };

  aio_guest_run_set_slice (run, 2000);
  g_signal_connect (run, "notify", G_CALLBACK (note), &counters);
  aio_guest_run_attach (run, context, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (counters.state, ==, 1);

  while (aio_guest_run_get_deferred_slices (run) < 10)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (counters.deferred_slices, ==, 10);
  g_assert_cmpuint (counters.ticks, ==, 10);
  g_assert_cmpuint (counters.busy_time, ==, 10);
  g_assert_cmpuint (counters.longest_tick, >=, 1);
  g_assert_cmpuint (counters.longest_tick, <=, 10);
  g_assert_cmpuint (aio_guest_run_get_ticks (run), >=, 10);
  g_assert_cmpint (aio_guest_run_get_busy_time (run), >=, 10 * 2000);
  g_assert_cmpint (aio_guest_run_get_longest_tick (run), >=, 2000);
  g_assert_cmpint (aio_guest_run_get_longest_tick (run), <=, aio_guest_run_get_busy_time (run));

  answer = AIO_GUEST_TICK_FINISHED;
  while (aio_guest_run_get_state (run) != AIO_GUEST_RUN_STATE_FINISHED)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (counters.state, ==, 2);
  g_assert_cmpuint (counters.deferred_slices, ==, 10);
  g_assert_finalize_object (run);
}

int
main (int argc, char **argv)
{
  g_unsetenv ("AIOGUEST_POLL_MODE");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/properties/defaults", test_defaults);
  g_test_add_func ("/properties/declared", test_declared);
  g_test_add_func ("/properties/notify", test_notify);
  g_test_add_func ("/properties/name-null", test_name_null);
  g_test_add_func ("/properties/out-of-range", test_out_of_range);
  g_test_add_func ("/properties/binding", test_binding);
  g_test_add_func ("/properties/counters", test_counters);

  return g_test_run ();
}
