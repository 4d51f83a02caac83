# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""``start()`` and ``run()``."""

import inspect
import types

from gi.module import get_introspection_module
from gi.repository import GLib

from ._application_run import ApplicationRun
from ._arguments import check_argv, check_coroutine, check_options, close_coroutine
from ._gio import is_application
from ._guests.asyncio import AsyncioGuest
from ._life import Life

__all__ = ['DEFAULT_SHUTDOWN_TIMEOUT', 'run', 'start']

DEFAULT_SHUTDOWN_TIMEOUT = 5.0


def start(
    coro,
    *,
    done_callback=None,
    debug=None,
    loop_factory=None,
    context=None,
    main_context=None,
    priority=GLib.PRIORITY_DEFAULT,
    slice_us=get_introspection_module('AioGuest').DEFAULT_SLICE,
    application=None,
    shutdown_timeout=DEFAULT_SHUTDOWN_TIMEOUT,
    name=None,
    nested='run',
):
    """Start *coro* as the main task of an asyncio loop that is a guest of the GLib main loop.

    Returns the main ``asyncio.Task`` at once. From then until the end the loop is the running loop
    of this thread, also between its ticks: ``asyncio.create_task()`` works in every callback of
    GLib and GTK. It makes progress whenever the main context is iterated, by
    ``Gtk.Application.run()``, ``GLib.MainLoop.run()`` or whatever else.

    When the main task is done the remaining tasks are cancelled and awaited, asynchronous
    generators and the default executor are shut down, and the loop is closed, as by
    ``asyncio.run()``. Then the main context calls ``done_callback(task)``. Without a callback, an
    exception of the main task that nobody has retrieved is reported through the loop's exception
    handler.

    The main task is always done then. If it did not end by itself its exception is the cause: the
    exception that broke the loop, or a RuntimeError if the task ignored its cancellation.

    :param coro: a coroutine. If this function raises it is closed.
    :param done_callback: called with the main task when all is over.
    :param debug: asyncio's debug mode. With None ``PYTHONASYNCIODEBUG`` and ``-X dev`` decide.
    :param loop_factory: returns the loop, which must be an asyncio selector loop or a subclass of one;
        :class:`EventLoop` by default. It may return a loop that was made before and is not closed.
    :param context: the ``contextvars.Context`` of the main task; by default a copy of the current one.
    :param main_context: the ``GLib.MainContext``; by default the thread-default one. It must be
        iterated by this thread. Asynchronous functions of Gio end in the thread-default main context:
        to use :func:`call` with another one, call ``main_context.push_thread_default()`` first.
    :param priority: the priority of the guest's GSource, as long as the guest keeps within its slice.
    :param slice_us: the slice, in microseconds; ``DEFAULT_SLICE`` by default. After it the guest lets frames
        and idle callbacks go first.
    :param application: the ``Gio.Application`` that the run is bound to. If the application has not
        started yet, the main task takes its first step at ``::startup`` at the latest. The application is
        held until it has a window or the main task is done. A service is not held, nor is an application
        with an inactivity timeout. At ``::shutdown`` the main task is cancelled, and everything is cleaned
        up before the application's ``run()`` returns. In a remote instance the main task is cancelled
        before its first step. If no application is given, the end of the default application has the same
        effect, without a hold.
    :param shutdown_timeout: seconds that cancelled tasks get to end; None for no limit.
    :param name: the name of the main task and of the run.
    :param nested: what asyncio does in a main loop that is nested in a step of a task, or in a callback of
        the loop. With ``'run'`` it goes on. With ``'rest'`` it stands still until the nested loop is over:
        no other task runs in between, and :func:`wait` raises RuntimeError there.
    :raises TypeError, ValueError: an argument is wrong.
    :raises RuntimeError: a loop is running in this thread already, another thread owns the main
        context, or the loop can't be watched.
    """
    options = dict(locals())
    del options['coro']
    return _begin(coro, options).task


def _begin(coro, options):
    """A life that has begun; *options* are the keyword arguments of :func:`start`."""
    try:
        check_coroutine(coro)
        options = types.SimpleNamespace(**options)
        check_options(options)
        life = Life(AsyncioGuest(options), options)
        life.begin(coro)
        return life
    except BaseException:
        close_coroutine(coro)
        raise


def _with_defaults(options):
    """*options* with what is missing, checked against the signature of :func:`start`."""
    if not options.keys() <= start.__kwdefaults__.keys():
        # Says what is wrong; it takes too long to be asked each time.
        inspect.signature(start).bind(None, **options)
    return start.__kwdefaults__ | options


def run(coro, argv=None, *, main=None, **options):
    """Run a main task and own the thread until it is over.

    ``run(coro)`` is the ``asyncio.run()`` of a GLib program. It iterates the main context until the
    main task is done and everything is cleaned up. Then it returns the task's result or raises its
    exception. Ctrl-C cancels the main task, and KeyboardInterrupt is raised after the clean-up.

    ``run(app, argv, main=async_function)`` runs a ``Gio.Application`` with ``async_function()`` as its main
    task. ``run(app, argv)`` runs it without a main task; asyncio goes on as long as the application does.
    The loop is the running loop from the call on, also in ``do_local_command_line()``, until the run is over:
    the main task is done and everything is cleaned up, or the application has shut down. The main task
    takes its first step at ``::startup``, after the handlers that were connected before this call. It is
    bound to the application as by :func:`start`. If the application has no handler for ``::activate``, its
    active window is presented; if there is no window and the main task is over, the main task begins anew.
    If the main task raises, the application quits and the exception is raised here. GLib can run an
    application only once.

    The keyword arguments are those of :func:`start`. A *main_context* is made the thread-default one for the
    time of the call.

    :param coro: a coroutine, or the application.
    :param argv: the arguments of the application, such as ``sys.argv``; None for no arguments.
    :param main: an async function without arguments, only with an application; None for no main task.
    :returns: the main task's result; with an application its exit status, or 128 + the number of the
        signal that ended it.
    :raises TypeError, ValueError, RuntimeError: as :func:`start`.
    """
    try:
        options = _with_defaults(options)
    except TypeError:
        close_coroutine(coro)
        raise
    if is_application(coro):
        return _run_application(coro, argv, main, options)
    if argv is not None or main is not None:
        close_coroutine(coro)
        raise TypeError('argv and main are allowed only if the first argument is an application')
    return _begin(coro, options).run()


def _run_application(application, argv, main, options):
    check_argv(argv)
    if main is not None and not inspect.iscoroutinefunction(main):
        raise TypeError(f'main must be an async function or None, not {main!r}')
    if options['application'] not in (None, application):
        raise TypeError('application must not be given by name if the first argument is an application')
    options['application'] = application
    check_options(types.SimpleNamespace(**options))
    return ApplicationRun(application, main, options).run(argv)
