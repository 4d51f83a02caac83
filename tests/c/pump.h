/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-error.h"
#include "aio-guest-pump.h"
#include "guest.h"

G_BEGIN_DECLS

/* What the tests of pumps share. */

typedef struct
{
  GMainContext *context;
  AioGuestPump *pump;
} Fixture;

void set_up (Fixture *fixture, gconstpointer data);
void tear_down (Fixture *fixture, gconstpointer data);

#define add_test(path, function) g_test_add ("/pump/" path, Fixture, NULL, set_up, function, tear_down)

/* How long a wrong event would have to show itself: the right outcome is that nothing comes. */
#define QUIET_MS 30

/* Dispatches until the pump waits, and its descriptor is not readable. */
void settle (AioGuestPump *pump);

/* Has the main context own the source. */
void attach (GSource *source, GMainContext *context, GSourceFunc function, gpointer data);

/* Callbacks of sources. */
gboolean set_true (gpointer flag);
gboolean set_true_of_fd (int fd, GIOCondition condition, gpointer flag);
gboolean drop_pump (gpointer fixture);

void close_pipe (const int fds[2]);
void put (int fd);
void take (int fd);

/* Threads write to a pipe and wake the main context, while the function hosts until the flag is set. */
void run_storm (Fixture *fixture, void (*host) (Fixture *fixture, const gboolean *done));

G_END_DECLS
