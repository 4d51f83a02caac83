/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "model.h"
#include "trace.h"

#include <stdlib.h>
#include <string.h>

/*
 * The cases as an ordinary test: those that were kept, and as many as there is time for out of
 * seeded random bytes. Given files, it runs these and nothing else, and tells what happens in them.
 */

/* Seconds of work, on a machine that has other things to do. */
#define N_RANDOM 2000
#define MAX_SIZE 400

static void
run_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *contents = NULL;
  gsize size;

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);

  g_test_message ("%s, %" G_GSIZE_FORMAT " bytes", path, size);
  run_case ((const guint8 *) contents, size);
}

static void
test_kept (gconstpointer data)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, (const char *) data, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      run_file (file);
      n++;
    }

  g_assert_cmpuint (n, >, 0);
}

/* Seeded by --seed, of which a failure tells; the last case is left in the file AIOGUEST_FUZZ_KEEP. */
static void
test_random (void)
{
  const char *wanted = g_getenv ("AIOGUEST_FUZZ_CASES");
  const char *keep = g_getenv ("AIOGUEST_FUZZ_KEEP");
  const guint n = wanted != NULL ? (guint) atoi (wanted) : N_RANDOM;
  guint8 bytes[MAX_SIZE];

  for (guint i = 0; i < n; i++)
    {
      const gsize size = g_test_rand_int_range (1, MAX_SIZE + 1);

      for (gsize j = 0; j < size; j++)
        bytes[j] = (guint8) g_test_rand_int_range (0, 256);

      if (keep != NULL)
        g_assert_true (g_file_set_contents (keep, (const char *) bytes, size, NULL));
      run_case (bytes, size);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  if (argc > 1)
    {
      tracing = TRUE;
      for (int i = 1; i < argc; i++)
        run_file (argv[i]);
      return EXIT_SUCCESS;
    }

  g_test_add_data_func ("/fuzz/corpus", "corpus", test_kept);
  g_test_add_data_func ("/fuzz/regressions", "regressions", test_kept);
  g_test_add_func ("/fuzz/random", test_random);

  return g_test_run ();
}
