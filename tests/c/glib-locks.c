/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/*
 * Tells ThreadSanitizer what GLib, which is not built with it, orders by locks: GMutex and GCond are
 * futexes and atomic instructions that it does not see, so whatever they protect looks like a race.
 *
 * Linked into the tests, these take the place of GLib's own functions, which they call, for the code
 * under test. (What GLib calls itself is bound within it, and stays as it is.)
 */

#include <glib-object.h>

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

/* GLib's own function of this name. */
#define REAL(name) \
  ({ \
    static gpointer real; \
    if (__atomic_load_n (&real, __ATOMIC_RELAXED) == NULL) \
      __atomic_store_n (&real, dlsym (RTLD_NEXT, #name), __ATOMIC_RELAXED); \
    (__typeof__ (&(name))) __atomic_load_n (&real, __ATOMIC_RELAXED); \
  })

/* Mutexes */

void
g_mutex_init (GMutex *mutex)
{
  __tsan_mutex_create (mutex, 0);
  REAL (g_mutex_init) (mutex);
}

void
g_mutex_clear (GMutex *mutex)
{
  REAL (g_mutex_clear) (mutex);
  __tsan_mutex_destroy (mutex, 0);
}

void
g_mutex_lock (GMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, 0);
  REAL (g_mutex_lock) (mutex);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked;

  __tsan_mutex_pre_lock (mutex, __tsan_mutex_try_lock);
  locked = REAL (g_mutex_trylock) (mutex);
  __tsan_mutex_post_lock (
    mutex, __tsan_mutex_try_lock | (locked ? 0 : __tsan_mutex_try_lock_failed), 0);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  REAL (g_mutex_unlock) (mutex);
  __tsan_mutex_post_unlock (mutex, 0);
}

/* Conditions: they order nothing but what the mutex does. */

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
  REAL (g_cond_wait) (cond, mutex);
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean signalled;

  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
  signalled = REAL (g_cond_wait_until) (cond, mutex, end_time);
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
  return signalled;
}

/* References: dropping one is an atomic instruction by which all earlier drops happen before the
 * last one, and so before what that frees. These do it in instructions that can be seen, as GLib
 * would, and leave the last one to it. Toggle references, which the tests don't have, are not
 * notified. */

static gboolean
drop_but_last (guint *ref_count)
{
  guint count = __atomic_load_n (ref_count, __ATOMIC_RELAXED);

  while (count > 1)
    {
      if (__atomic_compare_exchange_n (ref_count, &count, count - 1, FALSE, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED))
        return TRUE;
    }

  __atomic_fetch_add (ref_count, 0, __ATOMIC_ACQ_REL);
  return FALSE;
}

void
g_object_unref (gpointer object)
{
  if (!drop_but_last ((guint *) &G_OBJECT (object)->ref_count))
    REAL (g_object_unref) (object);
}

void
g_source_unref (GSource *source)
{
  if (!drop_but_last (&source->ref_count))
    REAL (g_source_unref) (source);
}

/* Drops the reference that the context has. */
void
g_source_destroy (GSource *source)
{
  __atomic_fetch_add (&source->ref_count, 0, __ATOMIC_RELEASE);
  REAL (g_source_destroy) (source);
}
