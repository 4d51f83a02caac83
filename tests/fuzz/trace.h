/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a case does, in words and in order, for whoever has to understand it. */

extern gboolean tracing;

void trace_line (const char *format, ...) G_GNUC_PRINTF (1, 2);

#define trace(...) \
  G_STMT_START \
  { \
    if (tracing) \
      trace_line (__VA_ARGS__); \
  } \
  G_STMT_END

G_END_DECLS
