/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "state.h"

CoreState *
core_state_of_type (PyTypeObject *type)
{
  return PyType_GetModuleState (type);
}

static const struct
{
  const char *name;
  Py_ssize_t offset; /* in CoreState */
} core_names[] = {
#define X(name) { #name, offsetof (CoreState, str_##name) },
  CORE_NAMES (X)
#undef X
};

static PyObject **
core_name (CoreState *state, gsize i)
{
  return (PyObject **) ((char *) state + core_names[i].offset);
}

int
core_state_intern_names (CoreState *state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (core_names); i++)
    {
      PyObject *name = PyUnicode_InternFromString (core_names[i].name);

      if (name == NULL)
        return -1;

      *core_name (state, i) = name;
    }

  return 0;
}

int
core_state_traverse (CoreState *state, visitproc visit, void *arg)
{
  Py_VISIT (state->guest_type);
  Py_VISIT (state->asyncio_guest_type);
  Py_VISIT (state->greenlet_watch_type);
  Py_VISIT (state->raiser_type);
  Py_VISIT (state->loop_base_type);
  Py_VISIT (state->handle_type);
  Py_VISIT (state->timer_handle_type);
  Py_VISIT (state->thread_safe_handle_type);
  Py_VISIT (state->rlock_type);
  Py_VISIT (state->threading);
  Py_VISIT (state->epoll_selector_type);
  Py_VISIT (state->epoll_select);
  Py_VISIT (state->deque_type);
  Py_VISIT (state->current_task);
  Py_VISIT (state->swap_current_task);
  Py_VISIT (state->py_swap_current_task);
  Py_VISIT (state->py_current_task);
  Py_VISIT (state->leave_task);
  Py_VISIT (state->enter_task);
  Py_VISIT (state->must_cancel_type);
  for (int i = 0; i < N_VERIFIED_METHODS; i++)
    Py_VISIT (state->methods[i].function);

  return 0;
}

void
core_state_clear (CoreState *state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (core_names); i++)
    Py_CLEAR (*core_name (state, i));
  Py_CLEAR (state->null_byte);
  Py_CLEAR (state->pipe_read_size);
  Py_CLEAR (state->guest_type);
  Py_CLEAR (state->asyncio_guest_type);
  Py_CLEAR (state->greenlet_watch_type);
  Py_CLEAR (state->raiser_type);
  Py_CLEAR (state->loop_base_type);
  Py_CLEAR (state->handle_type);
  Py_CLEAR (state->timer_handle_type);
  Py_CLEAR (state->thread_safe_handle_type);
  Py_CLEAR (state->rlock_type);
  Py_CLEAR (state->threading);
  Py_CLEAR (state->epoll_selector_type);
  Py_CLEAR (state->epoll_select);
  Py_CLEAR (state->deque_type);
  Py_CLEAR (state->current_task);
  Py_CLEAR (state->swap_current_task);
  Py_CLEAR (state->py_swap_current_task);
  Py_CLEAR (state->py_current_task);
  Py_CLEAR (state->leave_task);
  Py_CLEAR (state->enter_task);
  Py_CLEAR (state->must_cancel_type);
  for (int i = 0; i < N_VERIFIED_METHODS; i++)
    Py_CLEAR (state->methods[i].function);
  g_clear_pointer (&state->difference, g_free);
}
