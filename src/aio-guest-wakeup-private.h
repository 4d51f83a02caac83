/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A descriptor that one thread makes readable to wake another which polls it: the classic
 * wakeup pipe, or an eventfd where the platform has one.
 */

typedef enum
{
  AIO_GUEST_WAKEUP_PIPE,
#ifdef HAVE_EVENTFD
  AIO_GUEST_WAKEUP_EVENTFD,
  AIO_GUEST_WAKEUP_BEST = AIO_GUEST_WAKEUP_EVENTFD
#else
  AIO_GUEST_WAKEUP_BEST = AIO_GUEST_WAKEUP_PIPE
#endif
} AioGuestWakeupKind;

typedef struct _AioGuestWakeup AioGuestWakeup;

AioGuestWakeup *aio_guest_wakeup_new (AioGuestWakeupKind kind, GError **error);
void aio_guest_wakeup_free (AioGuestWakeup *self);
int aio_guest_wakeup_get_fd (AioGuestWakeup *self);
void aio_guest_wakeup_signal (AioGuestWakeup *self);
void aio_guest_wakeup_acknowledge (AioGuestWakeup *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AioGuestWakeup, aio_guest_wakeup_free)

G_END_DECLS
