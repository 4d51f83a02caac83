/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A second thread, which does one job at a time. */

typedef void (*HelperFunc) (gpointer data);

/* @data must stay as long as the job lasts. */
void helper_begin (HelperFunc func, gpointer data);
void helper_wait (void);
gboolean helper_is_busy (void);
gboolean helper_is_self (void);

G_END_DECLS
