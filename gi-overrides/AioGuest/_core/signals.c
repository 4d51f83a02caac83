/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "signals.h"
#include "source.h"

#include <glib-unix.h>
#include <unistd.h>

/*
 * Python runs signal handlers between bytecodes, so a main context that sleeps must be woken for
 * them. Python writes to a descriptor for that (signal.set_wakeup_fd()). This source watches it,
 * and wakes the run: a tick begins with PyErr_CheckSignals().
 */

typedef struct
{
  AioGuestRun *run;
  pid_t process;
} SignalWatch;

static void
signal_watch_free (gpointer data)
{
  SignalWatch *watch = data;

  g_object_unref (watch->run);
  g_free (watch);
}

static gboolean
on_wakeup (int fd, G_GNUC_UNUSED GIOCondition condition, gpointer user_data)
{
  SignalWatch *watch = user_data;
  char buffer[64];

  /* In a forked child: what is there to read is for the parent, which must not sleep over it. */
  if (watch->process != getpid ())
    return G_SOURCE_REMOVE;

  /* The descriptor is non-blocking. Another run of this process may already have emptied it. */
  while (read (fd, buffer, sizeof buffer) == sizeof buffer)
    ;

  aio_guest_run_wake (watch->run);
  return G_SOURCE_CONTINUE;
}

PyObject *
guest_watch_signals (Guest *self, int fd)
{
  guest_unwatch_signals (self);

  SignalWatch *watch = g_new (SignalWatch, 1);

  watch->run = g_object_ref (self->run);
  watch->process = getpid ();

  self->signal_source = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_static_name (self->signal_source, "[aioguest] signals");
  g_source_set_priority (self->signal_source, G_PRIORITY_HIGH);
  g_source_set_can_recurse (self->signal_source, TRUE);
  g_source_set_callback (self->signal_source, G_SOURCE_FUNC (on_wakeup),
                         watch, signal_watch_free);
  g_source_attach (self->signal_source, aio_guest_run_get_main_context (self->run));

  Py_RETURN_NONE;
}

void
guest_unwatch_signals (Guest *self)
{
  core_drop_source (&self->signal_source);
}
