/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIO_GUEST_INSIDE) && !defined(AIO_GUEST_COMPILATION)
#error "Only <aio-guest.h> can be included directly."
#endif

#include "aio-guest-types.h"

G_BEGIN_DECLS

/**
 * AIO_GUEST_DEFAULT_SLICE:
 *
 * The default of [property@Run:slice], in microseconds.
 *
 * Since: 1.0
 */
#define AIO_GUEST_DEFAULT_SLICE (1000)

#define AIO_GUEST_TYPE_RUN (aio_guest_run_get_type ())

AIO_GUEST_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (AioGuestRun, aio_guest_run, AIO_GUEST, RUN, GObject)

AIO_GUEST_AVAILABLE_IN_1_0
AioGuestRun *aio_guest_start (AioGuestPoller *poller,
                              AioGuestTickFunc tick,
                              gpointer user_data,
                              GDestroyNotify destroy,
                              GError **error);

AIO_GUEST_AVAILABLE_IN_1_0
AioGuestRun *aio_guest_run_new (AioGuestPoller *poller,
                                AioGuestTickFunc tick,
                                gpointer user_data,
                                GDestroyNotify destroy);

AIO_GUEST_AVAILABLE_IN_1_0
void aio_guest_run_set_peek (AioGuestRun *self, AioGuestPeekFunc peek);

AIO_GUEST_AVAILABLE_IN_1_0
gboolean aio_guest_run_attach (AioGuestRun *self, GMainContext *context, GError **error);

AIO_GUEST_AVAILABLE_IN_1_0
void aio_guest_run_stop (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
void aio_guest_run_wake (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
gint64 aio_guest_run_restart_slice (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
AioGuestPoller *aio_guest_run_get_poller (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
GMainContext *aio_guest_run_get_main_context (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
AioGuestRunState aio_guest_run_get_state (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
const GError *aio_guest_run_get_error (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
const char *aio_guest_run_get_name (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
void aio_guest_run_set_name (AioGuestRun *self, const char *name);

AIO_GUEST_AVAILABLE_IN_1_0
int aio_guest_run_get_priority (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
void aio_guest_run_set_priority (AioGuestRun *self, int priority);

AIO_GUEST_AVAILABLE_IN_1_0
guint aio_guest_run_get_slice (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
void aio_guest_run_set_slice (AioGuestRun *self, guint slice);

AIO_GUEST_AVAILABLE_IN_1_0
guint aio_guest_run_get_period (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
void aio_guest_run_set_period (AioGuestRun *self, guint period);

AIO_GUEST_AVAILABLE_IN_1_0
gboolean aio_guest_run_get_reentrant (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
void aio_guest_run_set_reentrant (AioGuestRun *self, gboolean reentrant);

AIO_GUEST_AVAILABLE_IN_1_0
AioGuestPollMode aio_guest_run_get_poll_mode (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
guint64 aio_guest_run_get_ticks (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
gint64 aio_guest_run_get_busy_time (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
gint64 aio_guest_run_get_longest_tick (AioGuestRun *self);

AIO_GUEST_AVAILABLE_IN_1_0
guint64 aio_guest_run_get_deferred_slices (AioGuestRun *self);

G_END_DECLS
