/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A C host with a run on a thread of its own, which goes on when Python has been finalized: the run
 * is quiet then. A process has but one Python, so there is one test. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <glib.h>

static const char script[] =
  "import asyncio, gi\n"
  "gi.require_version('AioGuest', '1.0')\n"
  "from gi.repository import AioGuest\n"
  "loop = None\n"
  "async def main():\n"
  "    global loop\n"
  "    loop = asyncio.get_running_loop()\n"
  "    await asyncio.Event().wait()\n"
  "def start():\n"
  "    AioGuest.start(main(), debug=False)\n"
  "    asyncio.get_running_loop().call_later(0.001, lambda: None)\n";

typedef struct
{
  GMainContext *context;
  GAsyncQueue *to_host;
  GAsyncQueue *to_python;
} Host;

/* The interpreter that the tests are for finds its own library, not that of another on the path. */
static void
start_python (void)
{
  PyConfig config;

  PyConfig_InitPythonConfig (&config);
  config.install_signal_handlers = 0;
  g_assert_false (PyStatus_Exception (
    PyConfig_SetBytesString (&config, &config.program_name, g_getenv ("AIOGUEST_PYTHON"))));
  g_assert_false (PyStatus_Exception (Py_InitializeFromConfig (&config)));
  PyConfig_Clear (&config);
}

static void
run_python (const char *code)
{
  g_assert_cmpint (PyRun_SimpleString (code), ==, 0);
}

/* Whether the main context would sleep, for ever, if it were to wait now. */
static gboolean
is_at_rest (GMainContext *context)
{
  GPollFD fds[16];
  int priority;
  int timeout;
  int n_fds;

  g_main_context_prepare (context, &priority);
  n_fds = g_main_context_query (context, G_MAXINT, &timeout, fds, G_N_ELEMENTS (fds));
  g_assert_cmpint (n_fds, <=, G_N_ELEMENTS (fds));

  return g_poll (fds, (guint) n_fds, 0) == 0 && timeout == -1;
}

static gpointer
host_thread (gpointer data)
{
  Host *host = data;
  PyGILState_STATE gil;

  g_main_context_push_thread_default (host->context);
  gil = PyGILState_Ensure ();
  run_python ("start()");
  PyGILState_Release (gil);
  while (g_main_context_iteration (host->context, FALSE))
    ;

  g_async_queue_push (host->to_python, host);
  g_async_queue_pop (host->to_host);

  /* The turn that finds that Python is gone, and what GLib itself has to do then. */
  for (int i = 0; i < 5; i++)
    g_main_context_iteration (host->context, FALSE);
  g_assert_true (is_at_rest (host->context));

  g_main_context_pop_thread_default (host->context);
  g_main_context_unref (g_steal_pointer (&host->context));
  return NULL;
}

static void
test_quiet (void)
{
  Host host = { g_main_context_new (), g_async_queue_new (), g_async_queue_new () };
  GThread *thread;
  PyThreadState *state;

  start_python ();
  run_python (script);
  thread = g_thread_new ("host", host_thread, &host);

  state = PyEval_SaveThread ();
  g_async_queue_pop (host.to_python);
  PyEval_RestoreThread (state);

  /* A callback in the queue, and a descriptor that is readable. */
  run_python ("loop.call_soon_threadsafe(print, 'never')");
  g_assert_cmpint (Py_FinalizeEx (), ==, 0);

  g_async_queue_push (host.to_host, &host);
  g_thread_join (thread);
  g_async_queue_unref (host.to_host);
  g_async_queue_unref (host.to_python);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/after-python/quiet", test_quiet);

  return g_test_run ();
}
