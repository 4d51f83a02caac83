/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* The names of attributes, interned once. */
#define CORE_NAMES(X) \
  X (_add_callback) \
  X (_args) \
  X (_call_soon) \
  X (_cancelled) \
  X (_check_closed) \
  X (_clock_resolution) \
  X (_closed) \
  X (_context) \
  X (_csock) \
  X (_current_handle) \
  X (_debug) \
  X (_fd_to_key) \
  X (_process_events) \
  X (_process_self_data) \
  X (_read_from_self) \
  X (_ready) \
  X (_remove_reader) \
  X (_remove_writer) \
  X (_run) \
  X (_run_once) \
  X (_scheduled) \
  X (_selector) \
  X (_ssock) \
  X (_stopping) \
  X (_timer_cancelled_count) \
  X (_timer_handle_cancelled) \
  X (_when) \
  X (_write_to_self) \
  X (RLock) \
  X (__init__) \
  X (__lt__) \
  X (acquire) \
  X (append) \
  X (appendleft) \
  X (call_at) \
  X (call_later) \
  X (call_soon) \
  X (call_soon_threadsafe) \
  X (cancel) \
  X (context) \
  X (done) \
  X (events) \
  X (fileno) \
  X (get_debug) \
  X (greenlet) \
  X (popleft) \
  X (recv) \
  X (release) \
  X (select) \
  X (send) \
  X (time)
