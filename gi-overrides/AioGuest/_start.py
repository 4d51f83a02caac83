# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""``start()`` and ``run()``."""

import inspect
import types

from gi.repository import Gio, GLib

from ._application_run import ApplicationRun
from ._arguments import check_argv, check_coroutine, check_options, close_coroutine
from ._life import Life

__all__ = ['DEFAULT_SHUTDOWN_TIMEOUT', 'DEFAULT_SLICE_US', 'run', 'start']

DEFAULT_SLICE_US = 1000
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
    slice_us=DEFAULT_SLICE_US,
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
    ``asyncio.run()``. Then ``done_callback(task)`` is called, from the main context; without one,
    an exception of the main task that nobody has asked for is reported through the loop's
    exception handler.

    A main task that can't come to its own end is done then all the same: its exception is what ended
    the run, such as that of a loop that broke, or a RuntimeError if it was given up.

    :param coro: a coroutine. If this function raises it is closed.
    :param done_callback: called with the main task when all is over.
    :param debug: asyncio's debug mode; None to have ``PYTHONASYNCIODEBUG`` and ``-X dev`` decide.
    :param loop_factory: makes the loop, a selector loop of asyncio's or of a subclass of it;
        :class:`EventLoop` by default. It may return one that was made before, and is not closed.
    :param context: the ``contextvars.Context`` of the main task; a copy of the current by default.
    :param main_context: the ``GLib.MainContext``; the thread-default one by default. This thread
        must be the one that iterates it. Gio's asynchronous functions end in the thread-default one: for
        :func:`call` the caller must make it that, by ``main_context.push_thread_default()``.
    :param priority: of the guest while it keeps within its slice.
    :param slice_us: microseconds after which the guest lets frames and idle callbacks go first.
    :param application: the ``Gio.Application`` that this is bound to. If it has not started yet the main
        task takes its first step at ``::startup``, at the latest. It is held until it has a window, or the
        main task is done; a service, or an application with an inactivity timeout, is not. At its
        ``::shutdown`` the main task is cancelled, and all is drained before the application's ``run()``
        returns. In a remote instance the main task is cancelled before its first step. If none is
        given, the end of the default application has the same effect, without a hold.
    :param shutdown_timeout: seconds that cancelled tasks are given to end; None for any time.
    :param name: of the main task and of the run.
    :param nested: what asyncio does in a main loop that is nested in a step of a task or a callback of
        the loop's: ``'run'`` goes on, ``'rest'`` rests until it is over, so that no other task gets in
        between, and :func:`wait` raises RuntimeError there.
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
        life = Life(options)
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

    ``run(coro)`` iterates the main context until the main task is done and all is cleaned up, and
    returns or raises what came of it: the ``asyncio.run()`` of a GLib program. Ctrl-C cancels the
    main task and raises KeyboardInterrupt when all is over, as there.

    ``run(app, argv, main=async_function)`` runs a ``Gio.Application`` with ``async_function()`` as its main
    task, ``run(app, argv)`` without a main task. The loop is the running one from the call on, in
    ``do_local_command_line()``, too. The main task takes its first step at ``::startup``, after its handlers
    that were connected before. It is bound to the application as by :func:`start`. Without a main task asyncio goes on as long as
    the application does. Without a handler of its own for ``::activate`` the application's active window
    is presented; if there is none and the main task is over, the main task begins anew. If the main task
    raises, the application quits and the exception is raised here. GLib can run an application once only.

    The keyword arguments are those of :func:`start`. A *main_context* is the thread-default one until all
    is over.

    :param coro: a coroutine, or the application.
    :param argv: arguments of the application; None for none.
    :param main: with an application, the async function that makes the main task; None for no main task.
    :returns: the main task's result; with an application its exit status, or 128 + the number of the
        signal that ended it.
    :raises TypeError, ValueError, RuntimeError: as :func:`start`.
    """
    try:
        options = _with_defaults(options)
    except TypeError:
        close_coroutine(coro)
        raise
    if isinstance(coro, Gio.Application):
        return _run_application(coro, argv, main, options)
    if argv is not None or main is not None:
        close_coroutine(coro)
        raise TypeError('argv and main go with an application as the first argument')
    return _begin(coro, options).run()


def _run_application(application, argv, main, options):
    check_argv(argv)
    if main is not None and not inspect.iscoroutinefunction(main):
        raise TypeError(f'main must be an async function or None, not {main!r}')
    if options['application'] not in (None, application):
        raise TypeError('application is given already, as the first argument')
    options['application'] = application
    check_options(types.SimpleNamespace(**options))
    return ApplicationRun(application, main, options).run(argv)
