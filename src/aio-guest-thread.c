/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "aio-guest-thread-private.h"

#include <signal.h>

/* Starts a thread with all signals blocked: those sent to the process are for threads that expect
 * them. @name is the system's name of the thread, and @what that of an error message. */
GThread *
aio_guest_thread_new (const char *name,
                      const char *what,
                      GThreadFunc function,
                      gpointer data,
                      GError **error)
{
  g_autoptr (GError) local_error = NULL;
  sigset_t all, before;
  GThread *thread;

  /* A new thread has the mask of the thread that makes it. */
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  thread = g_thread_try_new (name, function, data, &local_error);
  pthread_sigmask (SIG_SETMASK, &before, NULL);

  if (thread == NULL)
    g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_SYSTEM,
                 "can't start %s: %s", what, local_error->message);

  return thread;
}
