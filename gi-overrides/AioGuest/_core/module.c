/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "asyncio/cancellation.h"
#include "asyncio/guest.h"
#include "asyncio/loop.h"
#include "asyncio/pipe.h"
#include "asyncio/probe.h"
#include "asyncio/report.h"
#include "asyncio/watch.h"
#include "greenlet_watch.h"
#include "thread.h"

static CoreState *
core_state (PyObject *module)
{
  return PyModule_GetState (module);
}

/* If a filter turns the warning into an error, it is reported like an exception in a finalizer: the
 * cleanup that the caller is doing must be finished. */
static PyObject *
core_warn_of_resource (G_GNUC_UNUSED PyObject *module, PyObject *args)
{
  const char *message;
  PyObject *source;

  if (!PyArg_ParseTuple (args, "sO:warn_of_resource", &message, &source))
    return NULL;

  if (PyErr_ResourceWarning (source, 1, "%s", message) < 0)
    PyErr_WriteUnraisable (source);

  Py_RETURN_NONE;
}

static PyMethodDef core_methods[] = {
  { "warn_of_resource", core_warn_of_resource, METH_VARARGS,
    PyDoc_STR ("warn_of_resource(message, source)\n--\n\n"
               "Issue a ResourceWarning; it is never raised as an exception.") },
  { "clear_thread_storage", core_clear_thread_storage, METH_NOARGS,
    PyDoc_STR ("clear_thread_storage()\n--\n\n"
               "Free all that this thread, which is about to end, has stored by threading.local.") },
  { "find_instances", core_find_instances, METH_O,
    PyDoc_STR ("find_instances(type)\n--\n\n"
               "Return the objects of a type, or a subtype, that the garbage collector tracks.") },
  { "learn_must_cancel", core_learn_must_cancel, METH_O,
    PyDoc_STR ("learn_must_cancel(sample)\n--\n\n"
               "Find the flag _must_cancel in a task in C. Returns whether it was found.") },
  { "clear_must_cancel", core_clear_must_cancel, METH_O,
    PyDoc_STR ("clear_must_cancel(task)\n--\n\n"
               "Clear the flag of a task in C, and return whether it was set.") },
  { NULL },
};

static int
core_exec (PyObject *module)
{
  static const GDebugKey debug_keys[] = { { "ticks", TRUE } };
  CoreState *state = core_state (module);

#if PY_VERSION_HEX >= 0x030c0000
  state->dict_watcher = -1;
#endif
  state->debug_ticks =
    g_parse_debug_string (g_getenv ("AIOGUEST_DEBUG"), debug_keys, G_N_ELEMENTS (debug_keys)) != 0;

  if (core_state_intern_names (state) < 0 ||
      (state->null_byte = PyBytes_FromStringAndSize ("", 1)) == NULL ||
      (state->pipe_read_size = PyLong_FromLong (PIPE_READ_SIZE)) == NULL)
    return -1;

  if ((state->guest_type = PyType_FromModuleAndSpec (module, &guest_spec, NULL)) == NULL ||
      (state->asyncio_guest_type =
         PyType_FromModuleAndSpec (module, &asyncio_guest_spec, state->guest_type)) == NULL ||
      (state->raiser_type = PyType_FromModuleAndSpec (module, &raiser_spec, NULL)) == NULL ||
      (state->loop_base_type = PyType_FromModuleAndSpec (module, &loop_base_spec, NULL)) == NULL ||
      (state->greenlet_watch_type =
         PyType_FromModuleAndSpec (module, &greenlet_watch_spec, NULL)) == NULL ||
      PyModule_AddType (module, (PyTypeObject *) state->guest_type) < 0 ||
      PyModule_AddType (module, (PyTypeObject *) state->asyncio_guest_type) < 0 ||
      PyModule_AddType (module, (PyTypeObject *) state->greenlet_watch_type) < 0 ||
      PyModule_AddType (module, (PyTypeObject *) state->loop_base_type) < 0 ||
      core_init_pygobject () < 0 || core_probe (state) < 0 || core_init_watcher (state) < 0)
    return -1;

  if (PyModule_AddObjectRef (module, "verified", state->verified ? Py_True : Py_False) < 0)
    return -1;

  return state->difference != NULL
           ? PyModule_AddStringConstant (module, "difference", state->difference)
           : PyModule_AddObjectRef (module, "difference", Py_None);
}

static int
core_traverse (PyObject *module, visitproc visit, void *arg)
{
  return core_state_traverse (core_state (module), visit, arg);
}

static int
core_clear (PyObject *module)
{
  core_state_clear (core_state (module));
  return 0;
}

static void
core_free (void *module)
{
  core_free_watcher (core_state (module));
  core_clear (module);
}

static PyModuleDef_Slot core_slots[] = {
  { Py_mod_exec, core_exec },
#if PY_VERSION_HEX >= 0x030c0000
  /* A tick finds its interpreter by PyGILState_Ensure(), which knows only the main one. */
  { Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED },
#endif
#if PY_VERSION_HEX >= 0x030d0000
  /* asyncio's queues are read without their locks, and no test runs this without the GIL. */
  { Py_mod_gil, Py_MOD_GIL_USED },
#endif
  { 0, NULL },
};

static PyModuleDef core_module = {
  PyModuleDef_HEAD_INIT,
  .m_name = "_core",
  .m_doc = "Runs asyncio's ready callbacks inside the dispatch of a GLib main context.",
  .m_size = sizeof (CoreState),
  .m_methods = core_methods,
  .m_slots = core_slots,
  .m_traverse = core_traverse,
  .m_clear = core_clear,
  .m_free = core_free,
};

PyMODINIT_FUNC PyInit__core (void);

PyMODINIT_FUNC
PyInit__core (void)
{
  return PyModuleDef_Init (&core_module);
}
