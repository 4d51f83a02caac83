/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "state.h"

extern PyType_Spec raiser_spec;

int handle_report (CoreState *state, PyObject *handle, PyObject *context);
