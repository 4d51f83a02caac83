/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core.h"

extern PyType_Spec greenlet_watch_spec;

PyObject *core_find_instances (PyObject *module, PyObject *type);
