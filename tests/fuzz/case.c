/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "helper-thread.h"
#include "model.h"
#include "poll-threads.h"
#include "trace.h"
#include "virtual-clock.h"

World world;

static guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  /* Where there is no /proc, nothing is counted. */
  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

void
run_case (const guint8 *data, gsize size)
{
  const guint n_descriptors = count_descriptors ();

  g_assert (virtual_clock_start ());

  world = (World){
    .input = { .data = data, .size = size },
    .owner = g_thread_self (),
    .next_fd = 256,
  };
  for (guint i = 0; i < N_HOSTS; i++)
    host_open (&world.hosts[i]);

  while (!input_is_empty (&world.input))
    act (NULL);

  trace ("the end: nobody decides anything any more");
  for (guint i = 0; i < N_HOSTS; i++)
    host_settle (&world.hosts[i]);
  for (guint i = 0; i < N_HOSTS; i++)
    host_close (&world.hosts[i]);
  for (guint i = 0; i < MAX_GUESTS; i++)
    {
      if (world.guests[i] != NULL)
        model_guest_free (world.guests[i]);
    }

  helper_wait ();
  g_assert (poll_threads_count () == 0);
  virtual_clock_stop ();
  g_assert (count_descriptors () == n_descriptors);
}
