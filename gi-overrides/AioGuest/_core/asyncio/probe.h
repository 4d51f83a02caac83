/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "state.h"

int core_probe (CoreState *state);
void core_differs (CoreState *state, const char *format, ...) G_GNUC_PRINTF (2, 3);
