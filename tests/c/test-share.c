/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-share-private.h"

#define START 1000000
#define SLICE 2000
#define PERIOD 10000

typedef struct
{
  const char *what;

  /* before */
  gint64 charge;
  gboolean yielded;

  /* the turn */
  gboolean when_idle;
  gint64 elapsed;
  gboolean work_left;

  /* after */
  gint64 charge_after;
  gboolean yielded_after;
  gint64 resume_after; /* from START; 0 if it does not matter */
} Row;

static const Row rows[] = {
  /* what                          before        turn                   after */
  { "quick",                       0, FALSE,     FALSE, 10, FALSE,      10, FALSE, 0 },
  { "nothing to do",               0, FALSE,     FALSE, 0, FALSE,       0, FALSE, 0 },
  { "quick turns add up",          500, FALSE,   FALSE, 700, FALSE,     1200, FALSE, 0 },
  { "just a slice",                1500, FALSE,  FALSE, 500, FALSE,     2000, FALSE, 0 },
  { "more than a slice",           1500, FALSE,  FALSE, 501, FALSE,     2001, TRUE, PERIOD },
  { "work left",                   0, FALSE,     FALSE, 2000, TRUE,     2000, TRUE, PERIOD },
  { "work left of little",         0, FALSE,     FALSE, 1, TRUE,        1, TRUE, PERIOD },
  { "by right, work left",         2000, TRUE,   FALSE, 2000, TRUE,     4000, TRUE, PERIOD },
  { "by right, nothing left",      2000, TRUE,   FALSE, 10, FALSE,      2010, TRUE, PERIOD },
  { "by right, never charged",     0, TRUE,      FALSE, 10, FALSE,      10, TRUE, PERIOD },
  { "when idle, nothing left",     2500, TRUE,   TRUE, 10, FALSE,       0, FALSE, 0 },
  { "when idle, work left",        2500, TRUE,   TRUE, 2000, TRUE,      0, TRUE, PERIOD },
  { "when idle, long, none left",  2500, TRUE,   TRUE, 5000, FALSE,     0, FALSE, 0 },

  /* Whatever a turn takes, half a period is the host's before the next one by right. */
  { "half a period",               0, FALSE,     FALSE, 5000, TRUE,     5000, TRUE, PERIOD },
  { "more than half a period",     0, FALSE,     FALSE, 8000, TRUE,     8000, TRUE, 13000 },
  { "more than a period",          0, FALSE,     FALSE, 50000, FALSE,   50000, TRUE, 55000 },
  { "more, when idle",             0, TRUE,      TRUE, 50000, TRUE,     0, TRUE, 55000 },
};

static void
test_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const Row *row = &rows[i];
      AioGuestShare share = { SLICE, PERIOD, row->charge, 0, row->yielded };
      gboolean yielded = aio_guest_share_settle (&share, row->when_idle, START, row->elapsed,
                                                 row->work_left);

      g_test_message ("%s", row->what);
      g_assert_cmpint (share.charge, ==, row->charge_after);
      g_assert_cmpint (yielded, ==, row->yielded_after);
      g_assert_cmpint (share.yielded, ==, row->yielded_after);
      if (row->yielded_after)
        g_assert_cmpint (share.resume_time, ==, START + row->resume_after);
    }
}

/* However short a period is asked for, the host comes as far as its idle sources between two turns
 * by right. */
static void
test_short_period (void)
{
  AioGuestShare share = { .slice = SLICE, .period = 1 };

  g_assert_true (aio_guest_share_settle (&share, FALSE, START, SLICE + 1, FALSE));
  g_assert_cmpint (share.resume_time, ==, START + SLICE + 1 + 500);
  g_assert_true (aio_guest_share_settle (&share, FALSE, START, 1, FALSE));
  g_assert_cmpint (share.resume_time, ==, START + 1000);
}

/* A guest that never ends, beside a host that is idle now and then. */
static void
test_sequence (void)
{
  AioGuestShare share = { SLICE, PERIOD, 0, 0, FALSE };
  gint64 now = START;

  for (int i = 0; i < 10; i++)
    {
      g_assert_true (aio_guest_share_settle (&share, i % 3 == 1, now, SLICE, TRUE));
      g_assert_cmpint (share.resume_time, ==, now + PERIOD);
      now = share.resume_time;
    }

  g_assert_true (aio_guest_share_settle (&share, FALSE, now, 0, FALSE));
  g_assert_false (aio_guest_share_settle (&share, TRUE, now, 0, FALSE));
  g_assert_false (aio_guest_share_settle (&share, FALSE, now, SLICE, FALSE));
  g_assert_true (aio_guest_share_settle (&share, FALSE, now, 1, FALSE));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/share/table", test_table);
  g_test_add_func ("/share/short-period", test_short_period);
  g_test_add_func ("/share/sequence", test_sequence);

  return g_test_run ();
}
