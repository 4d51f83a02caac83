/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIO_GUEST_INSIDE) && !defined(AIO_GUEST_COMPILATION)
#error "Only <aio-guest.h> can be included directly."
#endif

#include <glib-object.h>

#include "aio-guest-version-macros.h"

G_BEGIN_DECLS

/**
 * AioGuestTick:
 * @AIO_GUEST_TICK_FAILED: the guest can't go on; the error says why and the run ends
 * @AIO_GUEST_TICK_WAIT: nothing is ready now
 * @AIO_GUEST_TICK_AGAIN: more is ready already
 * @AIO_GUEST_TICK_FINISHED: the guest has come to its end, and so does the run
 * @AIO_GUEST_TICK_REST: the guest can do nothing in the main loop that calls it, because that one is
 *   nested in another. It is called again when a main loop around this one goes on. Before that
 *   only [method@Run.wake] has it called
 *
 * What a [callback@TickFunc] says of the guest.
 *
 * The zero value is the harmless one, because language bindings return it when a callback
 * raises an exception.
 *
 * Since: 1.0
 */
typedef enum
{
  AIO_GUEST_TICK_FAILED = 0,
  AIO_GUEST_TICK_WAIT,
  AIO_GUEST_TICK_AGAIN,
  AIO_GUEST_TICK_FINISHED,
  AIO_GUEST_TICK_REST
} AioGuestTick;

/**
 * AioGuestPollMode:
 * @AIO_GUEST_POLL_MODE_AUTO: the best this platform has: %AIO_GUEST_POLL_MODE_DIRECT on Unix
 * @AIO_GUEST_POLL_MODE_DIRECT: the host's main context polls the guest's descriptors itself
 * @AIO_GUEST_POLL_MODE_THREAD: a thread waits for the guest's descriptors and writes a wakeup
 *   pipe which the main context polls
 *
 * How a [class@Poller] learns that the guest has I/O to handle.
 *
 * The environment variable `AIOGUEST_POLL_MODE` (`direct` or `thread`) overrides every choice.
 *
 * Since: 1.0
 */
typedef enum
{
  AIO_GUEST_POLL_MODE_AUTO = 0,
  AIO_GUEST_POLL_MODE_DIRECT,
  AIO_GUEST_POLL_MODE_THREAD
} AioGuestPollMode;

/**
 * AioGuestRunState:
 * @AIO_GUEST_RUN_STATE_NEW: not attached yet
 * @AIO_GUEST_RUN_STATE_RUNNING: attached; the guest is ticked whenever the host iterates
 * @AIO_GUEST_RUN_STATE_FINISHED: over; a run is never used twice
 *
 * Where in its life a [class@Run] is.
 *
 * Since: 1.0
 */
typedef enum
{
  AIO_GUEST_RUN_STATE_NEW = 0,
  AIO_GUEST_RUN_STATE_RUNNING,
  AIO_GUEST_RUN_STATE_FINISHED
} AioGuestRunState;

/**
 * AioGuestPumpResult:
 * @AIO_GUEST_PUMP_RESULT_WAIT: nothing is ready: wait until the descriptor is readable, or until the
 *   pump's thread notifies
 * @AIO_GUEST_PUMP_RESULT_AGAIN: there is more to do: give everything else in the host a turn, and dispatch
 *   again
 *
 * What a [class@Pump] wants of its host after a dispatch.
 *
 * Since: 1.0
 */
typedef enum
{
  AIO_GUEST_PUMP_RESULT_WAIT = 0,
  AIO_GUEST_PUMP_RESULT_AGAIN
} AioGuestPumpResult;

G_END_DECLS
