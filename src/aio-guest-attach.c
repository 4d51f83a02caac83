/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "aio-guest-error.h"
#include "aio-guest-poller.h"
#include "aio-guest-run.h"
#include "aio-guest-source.h"

/* The functions that need both a run and its source. Otherwise each of the two knows only the few
 * functions of the other that it is given. */

/**
 * aio_guest_run_attach:
 * @self: a run that is not attached
 * @context: (nullable): the host; %NULL for the default main context
 * @error: return location for a #GError
 *
 * Makes the guest run whenever @context is iterated.
 *
 * The calling thread becomes the run's owner, and must be the one that iterates @context. The
 * main context holds a reference to the run until the run ends. If no handler is connected to
 * [signal@Run::finished], a run that fails is reported by a warning.
 *
 * Returns: whether the run was attached
 *
 * Since: 1.0
 */
gboolean
aio_guest_run_attach (AioGuestRun *self, GMainContext *context, GError **error)
{
  g_return_val_if_fail (AIO_GUEST_IS_RUN (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!g_main_context_acquire (context))
    {
      g_set_error (error, AIO_GUEST_ERROR, AIO_GUEST_ERROR_WRONG_THREAD,
                   "the main context is owned by another thread; attach the run there");
      return FALSE;
    }

  g_autoptr (GSource) source = aio_guest_source_new (self, error);

  if (source != NULL)
    g_source_attach (source, context);

  g_main_context_release (context);

  return source != NULL;
}

/**
 * aio_guest_start:
 * @poller: watches the guest's descriptors; not to be shared with another run
 * @tick: (scope notified) (closure user_data) (destroy destroy): runs what is ready in the guest
 * @user_data: the guest
 * @destroy: (nullable): releases @user_data after the run
 * @error: return location for a #GError
 *
 * Creates a run and attaches it to the thread-default main context.
 *
 * The run goes on even if the caller drops it.
 *
 * In Python this name is that of a function which takes a coroutine; there, use
 * [ctor@Run.new] and [method@Run.attach].
 *
 * Returns: (transfer full): a new run; %NULL, with @error set, if it can't be attached
 *
 * Since: 1.0
 */
AioGuestRun *
aio_guest_start (AioGuestPoller *poller,
                 AioGuestTickFunc tick,
                 gpointer user_data,
                 GDestroyNotify destroy,
                 GError **error)
{
  g_return_val_if_fail (AIO_GUEST_IS_POLLER (poller), NULL);
  g_return_val_if_fail (tick != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr (AioGuestRun) self = aio_guest_run_new (poller, tick, user_data, destroy);

  if (!aio_guest_run_attach (self, context, error))
    return NULL;

  return g_steal_pointer (&self);
}
