/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "../core.h"

PyObject *core_learn_must_cancel (PyObject *module, PyObject *sample);
PyObject *core_clear_must_cancel (PyObject *module, PyObject *task);
