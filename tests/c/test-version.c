/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <aio-guest.h>

#if !AIO_GUEST_CHECK_VERSION(0, 9, 0)
#error "The preprocessor must be able to compare versions"
#endif

#if AIO_GUEST_CHECK_VERSION(AIO_GUEST_MAJOR_VERSION, AIO_GUEST_MINOR_VERSION, \
                            AIO_GUEST_MICRO_VERSION + 1)
#error "A later version than this one must be missing"
#endif

static void
test_macros (void)
{
  const int major = AIO_GUEST_MAJOR_VERSION;
  const int minor = AIO_GUEST_MINOR_VERSION;
  const int micro = AIO_GUEST_MICRO_VERSION;
  g_autofree char *version = g_strdup_printf ("%d.%d.%d", major, minor, micro);

  g_assert_cmpstr (version, ==, AIO_GUEST_VERSION_S);

  g_assert_true (AIO_GUEST_CHECK_VERSION (major, minor, micro));
  g_assert_true (AIO_GUEST_CHECK_VERSION (major - 1, minor + 1, micro + 1));
  g_assert_true (AIO_GUEST_CHECK_VERSION (major, minor - 1, micro + 1));
  g_assert_true (AIO_GUEST_CHECK_VERSION (major, minor, micro - 1));
  g_assert_false (AIO_GUEST_CHECK_VERSION (major, minor, micro + 1));
  g_assert_false (AIO_GUEST_CHECK_VERSION (major, minor + 1, micro - 1));
  g_assert_false (AIO_GUEST_CHECK_VERSION (major + 1, minor - 1, micro - 1));
}

/* The headers say which version they are of; so does the build. */
static void
test_project (void)
{
  g_assert_cmpstr (AIO_GUEST_VERSION_S, ==, PROJECT_VERSION);
}

static void
test_types (void)
{
  g_assert_cmpstr (g_type_name (AIO_GUEST_TYPE_RUN), ==, "AioGuestRun");
  g_assert_cmpstr (g_type_name (AIO_GUEST_TYPE_POLLER), ==, "AioGuestPoller");
  g_assert_true (G_TYPE_IS_FINAL (AIO_GUEST_TYPE_RUN));
  g_assert_true (G_TYPE_IS_FINAL (AIO_GUEST_TYPE_POLLER));
  g_assert_cmpstr (g_quark_to_string (AIO_GUEST_ERROR), ==, "aio-guest-error-quark");

  /* What a binding returns when a callback has raised. */
  g_assert_cmpint (AIO_GUEST_TICK_FAILED, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/version/macros", test_macros);
  g_test_add_func ("/version/project", test_project);
  g_test_add_func ("/version/types", test_types);

  return g_test_run ();
}
