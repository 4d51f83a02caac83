/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "thread.h"

/*
 * The thread that a run belongs to, and its end.
 *
 * Python learns of the end of a thread by what the thread has stored (threading.local): that is
 * freed with the thread state, on the thread itself, with the GIL. The state of a thread that
 * Python made goes before anybody who joins the thread is told.
 *
 * On any other thread a state lasts from the first PyGILState_Ensure() to the last
 * PyGILState_Release(), and with it the running loop. So the runs of such a thread hold its state. Its end
 * goes unnoticed.
 */

typedef struct
{
  guint n_holds;
  PyGILState_STATE held;
} ThisThread;

static __thread ThisThread this_thread;

/* Frees what the thread has stored, and what finalizers called for that have stored anew. Also
 * for one of those finalizers: the interpreter does this once only. */
PyObject *
core_clear_thread_storage (G_GNUC_UNUSED PyObject *module, G_GNUC_UNUSED PyObject *unused)
{
  PyThreadState *state = PyThreadState_Get ();

#if PY_VERSION_HEX >= 0x030d0000
  Py_CLEAR (state->threading_local_key);
  Py_CLEAR (state->threading_local_sentinel);
#else
  Py_CLEAR (state->dict);
#endif

  Py_RETURN_NONE;
}

void
guest_hold_thread (Guest *self)
{
  if (this_thread.n_holds++ == 0)
    this_thread.held = PyGILState_Ensure ();

  self->thread_state = PyThreadState_GetID (PyThreadState_Get ());
}

void
guest_release_thread (Guest *self)
{
  /* The identifiers of threads are used again, those of their states are not. */
  if (self->thread_state == PyThreadState_GetID (PyThreadState_Get ()) &&
      --this_thread.n_holds == 0)
    PyGILState_Release (this_thread.held);
}
