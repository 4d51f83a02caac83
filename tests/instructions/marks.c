/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What scenarios.py, by way of ctypes, has callgrind do. Outside of valgrind all of it is nothing. */

#include <valgrind/callgrind.h>

__attribute__ ((visibility ("default"))) int marks_are_counted (void);
__attribute__ ((visibility ("default"))) void marks_begin (void);
__attribute__ ((visibility ("default"))) void marks_end (const char *name);

int
marks_are_counted (void)
{
  return RUNNING_ON_VALGRIND;
}

void
marks_begin (void)
{
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
}

/* Writes a file with what was counted since marks_begin(). */
void
marks_end (const char *name)
{
  CALLGRIND_DUMP_STATS_AT (name);
  CALLGRIND_STOP_INSTRUMENTATION;
}
