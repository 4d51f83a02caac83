/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

GThread *aio_guest_thread_new (const char *name,
                               const char *what,
                               GThreadFunc function,
                               gpointer data,
                               GError **error);

G_END_DECLS
