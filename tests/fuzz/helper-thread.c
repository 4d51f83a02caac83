/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "helper-thread.h"

static GMutex lock;
static GCond changed;
static GThread *thread;
static HelperFunc job; /* (lock) NULL when there is none */
static gpointer job_data;

static gpointer
helper_main (G_GNUC_UNUSED gpointer data)
{
  g_mutex_lock (&lock);
  for (;;)
    {
      while (job == NULL)
        g_cond_wait (&changed, &lock);

      HelperFunc func = job;

      g_mutex_unlock (&lock);
      func (job_data);
      g_mutex_lock (&lock);
      job = NULL;
      g_cond_broadcast (&changed);
    }

  return NULL;
}

void
helper_begin (HelperFunc func, gpointer data)
{
  helper_wait ();

  g_mutex_lock (&lock);
  if (thread == NULL)
    thread = g_thread_new ("helper", helper_main, NULL);
  job = func;
  job_data = data;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
}

void
helper_wait (void)
{
  g_mutex_lock (&lock);
  while (job != NULL)
    g_cond_wait (&changed, &lock);
  g_mutex_unlock (&lock);
}

gboolean
helper_is_busy (void)
{
  g_mutex_lock (&lock);
  gboolean busy = job != NULL;
  g_mutex_unlock (&lock);

  return busy;
}

gboolean
helper_is_self (void)
{
  return thread != NULL && g_thread_self () == thread;
}
