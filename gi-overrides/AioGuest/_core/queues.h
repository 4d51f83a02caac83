/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

/* Fetches the queues of the loop, which it may have replaced. */
int guest_fetch_queues (Guest *self);
