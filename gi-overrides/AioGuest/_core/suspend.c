/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "exception.h"
#include "guest.h"
#include "suspend.h"

/*
 * A main loop that runs inside a step of a task may dispatch a tick, or a callback of the host. The
 * code that runs there must see the same state as if the step had awaited:
 *
 * - There is no current task.
 * - The contexts that were entered since the outermost tick began have been left. (A Runner gives
 *   all its tasks the same context, and no context can be entered twice.)
 * - No exception is being handled, or it would become the __context__ of unrelated ones.
 */

/* Leaves every context that was entered since the outermost tick began, the innermost first. */
static int
leave_contexts (Suspension *suspension, Guest *guest)
{
  PyThreadState *thread = PyThreadState_Get ();

  while (thread->context != NULL && thread->context != guest->base_context)
    {
      PyObject *context = Py_NewRef (thread->context);

      if (PyContext_Exit (context) < 0)
        {
          /* The own context of the thread. copy_context() has made it meanwhile without entering
           * it. */
          PyErr_Clear ();
          Py_XSETREF (guest->base_context, context);
          break;
        }

      if (suspension->contexts == NULL)
        suspension->contexts = PyList_New (0);

      if (suspension->contexts == NULL || PyList_Append (suspension->contexts, context) < 0)
        {
          PyContext_Enter (context);
          Py_DECREF (context);
          return -1;
        }

      Py_DECREF (context);
    }

  return 0;
}

static void
reenter_contexts (Suspension *suspension)
{
  if (suspension->contexts == NULL)
    return;

  for (Py_ssize_t i = PyList_GET_SIZE (suspension->contexts); i-- > 0;)
    {
      if (PyContext_Enter (PyList_GET_ITEM (suspension->contexts, i)) < 0)
        PyErr_WriteUnraisable (suspension->contexts);
    }

  Py_CLEAR (suspension->contexts);
}

/* Whether code that begins now interrupts a step. The step may be one that a tick runs, or the
 * first step of a task that a callback of the host has started eagerly. Returns -1 with an
 * exception. */
int
suspension_interrupts_step (Guest *guest)
{
  PyObject *current;
  int interrupts;

  if (guest->depth > 0)
    return 1;

  current = guest->kind->get_task (guest);
  if (current == NULL)
    return -1;

  interrupts = current != Py_None;
  Py_DECREF (current);
  return interrupts;
}

/* Replaces a link in the chain of the exceptions that are being handled. Each generator that is
 * running has a link of its own. */
static void
replace_handled (PyThreadState *thread, _PyErr_StackItem *from, _PyErr_StackItem *to)
{
  for (_PyErr_StackItem **link = &thread->exc_info; *link != NULL; link = &(*link)->previous_item)
    {
      if (*link == from)
        {
          *link = to;
          return;
        }
    }
}

static int
suspend_step (Suspension *suspension, Guest *guest)
{
  return leave_contexts (suspension, guest) < 0 ? -1
                                                 : guest->kind->leave_task (guest, &suspension->task);
}

/* Suspends the step for code of the host inside it. @handled is the link of the chain that the step
 * is at. It need not be the first one: the frame that is about to be evaluated may be that of a
 * generator, which has put its own link before it. After an error, too, suspension_end() must be
 * called: it puts back what was taken off. */
int
suspension_begin_host (Suspension *suspension, Guest *guest, _PyErr_StackItem *handled)
{
  memset (suspension, 0, sizeof *suspension);

  suspension->handled = handled;
  replace_handled (PyThreadState_Get (), handled, &suspension->none_handled);

  return suspend_step (suspension, guest);
}

/* Suspends the step that a tick interrupts, if there is one. */
int
suspension_begin (Suspension *suspension, Guest *guest)
{
  PyThreadState *thread = PyThreadState_Get ();
  int interrupts;

  memset (suspension, 0, sizeof *suspension);

  /* A host in C may iterate its context with an exception pending. */
  if (PyErr_Occurred ())
    suspension->error = core_take_exception ();

  suspension->handled = thread->exc_info;
  thread->exc_info = &suspension->none_handled;

  interrupts = suspension_interrupts_step (guest);
  if (interrupts > 0)
    return suspend_step (suspension, guest);

  /* Contexts that the host has entered stay entered, as they would around run_forever(). */
  if (interrupts == 0)
    Py_XSETREF (guest->base_context, Py_XNewRef (thread->context));

  return interrupts;
}

/* Resumes the step. If the code that was run meanwhile has left an exception pending, it stays
 * pending. */
void
suspension_end (Suspension *suspension, Guest *guest)
{
  PyObject *exception = core_take_exception ();

  guest->kind->enter_task (guest, &suspension->task);
  reenter_contexts (suspension);

  replace_handled (PyThreadState_Get (), &suspension->none_handled, suspension->handled);
  Py_CLEAR (suspension->none_handled.exc_value);

  core_restore_exception (exception);

  if (suspension->error != NULL)
    Py_XSETREF (guest->host_error, g_steal_pointer (&suspension->error));
}
