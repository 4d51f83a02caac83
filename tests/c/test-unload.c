/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <glib-object.h>

#include <dlfcn.h>

/* As a plugin does that is linked with the library: types are registered for good, so it stays. */
static void
test_loaded_twice (void)
{
  for (int i = 0; i < 2; i++)
    {
      gpointer library = dlopen (AIO_GUEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
      GType (*get_type) (void);
      g_autoptr (GObject) run = NULL;

      g_assert_nonnull (library);
      get_type = (GType (*) (void)) dlsym (library, "aio_guest_run_get_type");
      run = g_object_new (get_type (), NULL);
      g_assert_cmpstr (G_OBJECT_TYPE_NAME (run), ==, "AioGuestRun");
      g_clear_object (&run);
      g_assert_cmpint (dlclose (library), ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/unload/loaded-twice", test_loaded_twice);

  return g_test_run ();
}
