/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "thread.h"

/*
 * The thread that a run belongs to, and its end.
 *
 * The end of a thread is noticed by an object that the thread has stored (threading.local). It is
 * freed with the thread state, on the thread itself, with the GIL. For a thread that Python made,
 * that happens before join() returns on another thread.
 *
 * On any other thread a state lasts from the first PyGILState_Ensure() to the last
 * PyGILState_Release(), and with it the running loop. So the runs of such a thread hold its state.
 * The end of such a thread is not noticed.
 */

typedef struct
{
  guint n_holds;
  PyGILState_STATE held;
} ThisThread;

static __thread ThisThread this_thread;

/* Frees all that the thread has stored. A finalizer that runs while the thread state is cleared may
 * call this to free what it has stored itself: the interpreter frees the storage only once. */
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
  /* Identifiers of threads are used again, those of thread states are not. */
  if (self->thread_state == PyThreadState_GetID (PyThreadState_Get ()) &&
      --this_thread.n_holds == 0)
    PyGILState_Release (this_thread.held);
}
