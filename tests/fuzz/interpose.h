/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/*
 * Included before everything else when the library's sources are compiled for the fuzzer: what
 * they ask of the system that takes time, or tells of it, is answered by the virtual clock and by
 * the registry of polling threads.
 */

#include <glib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "poll-threads.h"
#include "virtual-clock.h"

#undef g_cond_signal
#undef g_cond_wait
#undef g_poll
#undef g_thread_join
#undef g_thread_try_new

#define close virtual_timer_close
#define g_cond_signal poll_threads_cond_signal
#define g_cond_wait poll_threads_cond_wait
#define g_poll poll_threads_poll
#define g_thread_join poll_threads_join
#define g_thread_try_new poll_threads_try_new
#define timerfd_create virtual_timer_create
#define timerfd_settime virtual_timer_set
