/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#define AIO_GUEST_INSIDE

#include "aio-guest-enums.h"
#include "aio-guest-error.h"
#include "aio-guest-poller.h"
#include "aio-guest-pump.h"
#include "aio-guest-run.h"
#include "aio-guest-source.h"
#include "aio-guest-types.h"
#include "aio-guest-version.h"
#include "aio-guest-version-macros.h"

#undef AIO_GUEST_INSIDE
