/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Counts the forks between the start of the program and this process. Whatever remembers the
 * number it was made at knows that it lives on as a copy in a child, where its threads don't
 * exist and its epoll set is shared with the parent.
 */
guint aio_guest_fork_generation (void);

G_END_DECLS
