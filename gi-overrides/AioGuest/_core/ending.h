/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "guest.h"

AioGuestTick guest_end_or_go_on (Guest *self, AioGuestTick tick);
