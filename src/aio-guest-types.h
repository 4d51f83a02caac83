/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIO_GUEST_INSIDE) && !defined(AIO_GUEST_COMPILATION)
#error "Only <aio-guest.h> can be included directly."
#endif

#include <glib-object.h>

#include "aio-guest-enums.h"
#include "aio-guest-version-macros.h"

G_BEGIN_DECLS

typedef struct _AioGuestPoller AioGuestPoller;
typedef struct _AioGuestPump AioGuestPump;
typedef struct _AioGuestRun AioGuestRun;

/**
 * AioGuestTickFunc:
 * @run: the run of the guest
 * @slice_end: when to be back, in [func@GLib.get_monotonic_time] terms (microseconds)
 * @next_ready_time: (out): when the guest's next timer is due, in
 *   [func@GLib.get_monotonic_time] terms; -1, which it is at entry, for never
 * @user_data: (closure): the guest
 * @error: return location for a #GError
 *
 * Runs what is ready in the guest, without ever blocking.
 *
 * It is called on the thread the run was attached on, from the dispatch of the host's
 * main context. It should look at the clock between callbacks and return
 * %AIO_GUEST_TICK_AGAIN once @slice_end has passed and work is left; it may return
 * %AIO_GUEST_TICK_AGAIN earlier, and is then called again at once while time is left.
 * It must bear having nothing to do.
 *
 * A guest that must first wait for a lock (an interpreter's, say) calls
 * [method@Run.restart_slice] once it has it.
 *
 * Returns: whether there is more to do; %AIO_GUEST_TICK_FAILED, with @error set, ends the run
 *
 * Since: 1.0
 */
typedef AioGuestTick (*AioGuestTickFunc) (AioGuestRun *run,
                                          gint64 slice_end,
                                          gint64 *next_ready_time,
                                          gpointer user_data,
                                          GError **error);

/**
 * AioGuestPeekFunc: (skip)
 * @user_data: the guest
 *
 * Answers whether the guest has work that neither a descriptor nor a deadline tells of.
 *
 * It is called in the prepare and check steps of the main context, on the owner thread, many
 * times for each time there is work. It must take no lock, wait for nothing, and follow no
 * pointer that another thread can free.
 *
 * Returns: whether there is work
 *
 * Since: 1.0
 */
typedef gboolean (*AioGuestPeekFunc) (gpointer user_data);

/**
 * AioGuestPumpNotify:
 * @user_data: (closure): data of the host's
 *
 * Has the host call [method@Pump.dispatch] soon, on the thread of the host's loop.
 *
 * It is called on a thread of the pump's. It may block. It may fail: if no dispatch begins within a
 * second, it is called again.
 *
 * Since: 1.0
 */
typedef void (*AioGuestPumpNotify) (gpointer user_data);

G_END_DECLS
