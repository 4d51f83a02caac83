/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-fork-private.h"

#include <pthread.h>

guint aio_guest_fork_count;

/* In the child of a fork there is one thread only, so no lock is needed (or allowed). */
static void
count_fork (void)
{
  aio_guest_fork_count++;
}

guint
aio_guest_fork_watch (void)
{
  static gsize registered;

  if (g_once_init_enter (&registered))
    {
      pthread_atfork (NULL, NULL, count_fork);
      g_once_init_leave (&registered, 1);
    }

  return aio_guest_fork_count;
}
