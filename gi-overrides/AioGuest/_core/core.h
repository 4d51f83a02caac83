/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <aio-guest.h>

/*
 * The accelerator: what lets an asyncio loop be the guest of an AioGuest.Run. The files are listed
 * in docs/architecture.md.
 *
 * Everything here is called with the GIL held but for guest_peek() and the prepare in nesting.c. What
 * returns an int returns -1, if it says nothing else, when it has raised an exception.
 */
