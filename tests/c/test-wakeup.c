/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "guest.h"

#include <fcntl.h>

#define N_THREADS 4
#define N_ROUNDS 5000

typedef void (*KindFunc) (AioGuestWakeupKind kind);

static AioGuestWakeup *
new_wakeup (AioGuestWakeupKind kind)
{
  g_autoptr (GError) error = NULL;
  AioGuestWakeup *wakeup = aio_guest_wakeup_new (kind, &error);

  g_assert_no_error (error);
  g_assert_nonnull (wakeup);
  return wakeup;
}

static void
test_flags (AioGuestWakeupKind kind)
{
  g_autoptr (AioGuestWakeup) wakeup = new_wakeup (kind);
  int fd = aio_guest_wakeup_get_fd (wakeup);

  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, !=, 0);
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_NONBLOCK, !=, 0);
}

static void
test_descriptors (AioGuestWakeupKind kind)
{
  guint before = count_descriptors ();
  AioGuestWakeup *wakeup = new_wakeup (kind);

  g_assert_cmpuint (count_descriptors (), ==, before + (kind == AIO_GUEST_WAKEUP_PIPE ? 2 : 1));
  aio_guest_wakeup_free (wakeup);
  g_assert_cmpuint (count_descriptors (), ==, before);
}

static void
test_signal (AioGuestWakeupKind kind)
{
  g_autoptr (AioGuestWakeup) wakeup = new_wakeup (kind);
  int fd = aio_guest_wakeup_get_fd (wakeup);

  g_assert_false (is_readable (fd));

  /* Must not block when there is nothing to acknowledge. */
  aio_guest_wakeup_acknowledge (wakeup);

  for (int i = 0; i < 3; i++)
    {
      aio_guest_wakeup_signal (wakeup);
      g_assert_true (is_readable (fd));
      g_assert_true (is_readable (fd));
      aio_guest_wakeup_acknowledge (wakeup);
      g_assert_false (is_readable (fd));
    }
}

static void
test_many_signals (AioGuestWakeupKind kind)
{
  g_autoptr (AioGuestWakeup) wakeup = new_wakeup (kind);

  /* More than a pipe holds, so that it is full at times; and a number that is no multiple of
   * what one acknowledge reads. */
  for (int i = 0; i < 20011; i++)
    aio_guest_wakeup_signal (wakeup);

  g_assert_true (is_readable (aio_guest_wakeup_get_fd (wakeup)));
  aio_guest_wakeup_acknowledge (wakeup);
  g_assert_false (is_readable (aio_guest_wakeup_get_fd (wakeup)));

  /* Exactly as many as one acknowledge reads at a time. */
  for (int i = 0; i < 64; i++)
    aio_guest_wakeup_signal (wakeup);
  aio_guest_wakeup_acknowledge (wakeup);
  g_assert_false (is_readable (aio_guest_wakeup_get_fd (wakeup)));
}

static void
test_free_signalled (AioGuestWakeupKind kind)
{
  guint before = count_descriptors ();

  for (int i = 0; i < 100; i++)
    {
      AioGuestWakeup *wakeup = new_wakeup (kind);

      aio_guest_wakeup_signal (wakeup);
      aio_guest_wakeup_free (wakeup);
    }

  g_assert_cmpuint (count_descriptors (), ==, before);
}

typedef struct
{
  AioGuestWakeup *wakeup;
  int posted[N_THREADS]; /* atomic */
  int seen[N_THREADS];   /* atomic */
} Storm;

typedef struct
{
  Storm *storm;
  int index;
} Stormer;

static gpointer
storm_thread (gpointer data)
{
  Stormer *self = data;

  for (int i = 1; i <= N_ROUNDS; i++)
    {
      g_atomic_int_set (&self->storm->posted[self->index], i);
      aio_guest_wakeup_signal (self->storm->wakeup);

      /* Every other time wait for the answer: a single lost signal is then one too many,
       * because no later one makes up for it. */
      while (i % 2 == 0 && g_atomic_int_get (&self->storm->seen[self->index]) < i)
        g_thread_yield ();
    }

  return NULL;
}

static void
test_storm (AioGuestWakeupKind kind)
{
  g_autoptr (AioGuestWakeup) wakeup = new_wakeup (kind);
  Storm storm = { wakeup, { 0 }, { 0 } };
  Stormer stormers[N_THREADS];
  GThread *threads[N_THREADS];
  int total = 0;

  for (int i = 0; i < N_THREADS; i++)
    {
      stormers[i] = (Stormer){ &storm, i };
      threads[i] = g_thread_new ("storm", storm_thread, &stormers[i]);
    }

  while (total < N_THREADS * N_ROUNDS)
    {
      GPollFD poll_fd = { aio_guest_wakeup_get_fd (wakeup), G_IO_IN, 0 };

      g_assert_cmpint (g_poll (&poll_fd, 1, PATIENCE * 1000), ==, 1);
      aio_guest_wakeup_acknowledge (wakeup);

      total = 0;
      for (int i = 0; i < N_THREADS; i++)
        {
          int posted = g_atomic_int_get (&storm.posted[i]);

          total += posted;
          g_atomic_int_set (&storm.seen[i], posted);
        }
    }

  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  g_assert_cmpint (total, ==, N_THREADS * N_ROUNDS);
}

static void
call_kind (gconstpointer data)
{
  const struct { KindFunc func; AioGuestWakeupKind kind; } *test = data;

  test->func (test->kind);
}

static void
add_per_kind (const char *name, KindFunc func)
{
  static const struct { const char *label; AioGuestWakeupKind kind; } kinds[] = {
    { "pipe", AIO_GUEST_WAKEUP_PIPE },
#ifdef HAVE_EVENTFD
    { "eventfd", AIO_GUEST_WAKEUP_EVENTFD },
#endif
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strdup_printf ("/wakeup/%s/%s", kinds[i].label, name);
      struct { KindFunc func; AioGuestWakeupKind kind; } test = { func, kinds[i].kind };

      g_test_add_data_func_full (path, g_memdup2 (&test, sizeof test), call_kind, g_free);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_per_kind ("flags", test_flags);
  add_per_kind ("descriptors", test_descriptors);
  add_per_kind ("signal", test_signal);
  add_per_kind ("many-signals", test_many_signals);
  add_per_kind ("free-signalled", test_free_signalled);
  add_per_kind ("storm", test_storm);

  return g_test_run ();
}
