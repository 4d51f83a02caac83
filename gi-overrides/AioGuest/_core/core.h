/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <aio-guest.h>

/*
 * The accelerator, by which an asyncio loop can be the guest of an AioGuest.Run. The files are
 * listed in docs/architecture.md.
 *
 * All functions are called with the GIL held, except guest_peek() and the prepare in nesting.c. A
 * function that returns an int returns -1 when it has raised an exception, unless its comment says
 * otherwise.
 */
