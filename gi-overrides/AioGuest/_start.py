# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""``start()`` and ``run()``: the life of a main task in a main context."""

import asyncio
import inspect
import os
import signal
import threading
import types

from gi.repository import Gio, GLib, GObject

from ._arguments import check_coroutine, check_options, close_coroutine
from ._core import warn_of_resource
from ._drain import drain
from ._internals import (
    clear_stopping,
    get_running_thread,
    has_uncollected_exception,
    is_live_pygobject_handler,
    register_exit_function,
)
from ._loop import EventLoop
from ._session import Session, get_session
from ._signals import Interrupts

__all__ = ['DEFAULT_SHUTDOWN_TIMEOUT', 'DEFAULT_SLICE_US', 'run', 'start']

DEFAULT_SLICE_US = 1000
DEFAULT_SHUTDOWN_TIMEOUT = 5.0

_lives = set()


class _Life:
    """The life of one main task: it runs, everything is drained, the loop is closed."""

    def __init__(self, options):
        self.options = options
        self.loop = None
        self.session = None
        self.task = None
        self.exception = None  # what got out of the loop
        self.stopped = False  # by the user, before the main task was done
        self.signals = []  # that have arrived
        self._draining = None
        self._drained = False
        self._raised = False
        self._finished_handler = 0
        self._application_handlers = []
        self._interrupts = None

    # Beginning

    def begin(self, coro):
        options = self.options
        _check_thread_is_free()
        self.loop = self._make_loop()
        try:
            self._enter(coro)
        except BaseException:
            if not self.loop.is_running():
                self.loop.close()
            raise
        _lives.add(self)
        return self.task

    def _make_loop(self):
        factory = self.options.loop_factory
        loop = EventLoop() if factory is None else factory()
        if not isinstance(loop, asyncio.BaseEventLoop):
            raise TypeError(
                f'loop_factory must return an asyncio event loop, one over a selector; '
                f'{loop!r} is not'
            )
        if loop.is_closed():
            raise RuntimeError(f'loop_factory returned {loop!r}, which is closed: make a new one')
        return loop

    def _enter(self, coro):
        options = self.options
        loop = self.loop
        context = options.main_context or GLib.MainContext.ref_thread_default()
        if options.debug is not None:
            loop.set_debug(options.debug)

        try:
            session = Session(loop, context, on_end=self._on_end)
        except (TypeError, ValueError, AttributeError, OSError, RuntimeError) as error:
            raise RuntimeError(
                f'loop_factory returned {loop!r}, which can\'t be watched: {error}'
            ) from error

        session.run.set_priority(options.priority)
        session.run.set_slice(options.slice_us)
        session.run.set_name(options.name)
        _check_context_is_free(context)
        session.enter()
        self.session = session
        if isinstance(loop, EventLoop):
            loop._context = context

        try:
            self.task = loop.create_task(coro, name=options.name, context=options.context)
        except BaseException:
            session.leave()
            raise

        session.main_task = self.task
        self.task.add_done_callback(self._drain_once)
        self._finished_handler = session.run.connect('finished', self._on_finished)
        self._hold_application(context)
        # In the first tick the host's loop is running, with whatever it does about signals.
        loop.call_soon(self._begin_signals)

    def _begin_signals(self):
        if self._interrupts is None:
            self.session.watch_signals()
            self._interrupts = Interrupts(
                self._on_signal, terminate=self.options.application is not None
            )
            self._interrupts.begin()

    def _hold_application(self, context):
        """Hold the application that was named, and see to it that quitting drains the run.

        An application that iterates the context until nothing is ready, after ::shutdown, must
        not wait for a guest that never rests, so the default one gets the same.
        """
        application = self.options.application
        if application is not None:
            application.hold()
            if GObject.signal_lookup('window-removed', application):
                self._connect(application, 'window-removed', self._on_window_removed)
        elif hash(context) == hash(GLib.MainContext.default()):
            application = Gio.Application.get_default()
        if application is not None:
            self._connect(application, 'shutdown', lambda application: self.drain_now())

    def _connect(self, application, signal_name, callback):
        handler = application.connect(signal_name, callback)
        self._application_handlers.append((application, handler))

    def _on_window_removed(self, application, window):
        # The hold keeps the application from quitting by itself.
        if not application.get_windows():
            self.cancel()

    # End

    def cancel(self):
        """Cancel the main task, from the host."""
        self.task.cancel()

    def _drain_once(self, task=None):
        if self._draining is None:
            self._draining = self.loop.create_task(self._drain(), name='AioGuest drain')

    async def _drain(self):
        try:
            await drain(self.loop, self.options.shutdown_timeout)
        finally:
            self._drained = True
            self.loop.stop()

    def _on_end(self, exception):
        """Asked by the tick: the loop was stopped, or *exception* got out of it."""
        if self._drained:
            return False
        clear_stopping(self.loop)
        if exception is None:
            self.stopped = not self.task.done()
        elif self.exception is not None and self._draining is not None:
            # The second one ends it all: somebody wants out.
            return False
        else:
            self.exception = exception
        self._drain_once()
        return True

    def _on_finished(self, run, error):
        """The run is over, and no tick is going on."""
        session = self.session
        run.disconnect(self._finished_handler)
        if session.guest.exception is not None:
            self.exception = session.guest.exception
        if error is not None:
            warn_of_resource(
                f'AioGuest run {run.get_name()!r} ended before its main task did: {error.message}',
                self.task,
            )
        session.leave()
        if self._interrupts is not None:
            self._interrupts.end()
        if not self._drained:
            self._drain_without_host()
        self.loop.close()
        _lives.discard(self)
        self._release_application()
        self._conclude()

    def _drain_without_host(self):
        """Let the loop run by itself to its end: its main context is gone."""
        if isinstance(self.loop, EventLoop):
            self.loop._main_context = GLib.MainContext()
        clear_stopping(self.loop)
        self._drain_once()
        self.loop.run_until_complete(self._draining)

    def _release_application(self):
        while self._application_handlers:
            application, handler = self._application_handlers.pop()
            application.disconnect(handler)
        if self.options.application is not None:
            self.options.application.release()

    def _conclude(self):
        """Hand over the main task; what it raised is told once, now."""
        if self.options.done_callback is not None:
            try:
                self.options.done_callback(self.task)
            except Exception as error:
                self.loop.call_exception_handler(
                    {
                        'message': 'Exception in the done_callback of AioGuest.start()',
                        'exception': error,
                        'task': self.task,
                    }
                )
        if not self._raised:
            self._report()
            self._pass_signals_on()

    def _pass_signals_on(self):
        """The main task has ended because of a signal: now it is the host's turn to end."""
        if not self.signals or not self.task.cancelled():
            return
        application = self.options.application
        by_ctrl_c = self.signals[0] == signal.SIGINT
        if by_ctrl_c and is_live_pygobject_handler(signal.getsignal(signal.SIGINT)):
            # It has PyGObject's run() return, and raise KeyboardInterrupt.
            signal.raise_signal(signal.SIGINT)
        elif application is not None:
            application.quit()
        else:
            self.loop.call_exception_handler(
                {
                    'message': 'The main task of AioGuest.start() was interrupted by Ctrl-C, '
                    'and nobody is there to end the main loop',
                    'task': self.task,
                }
            )

    def _report(self):
        error = self.exception
        if error is None and has_uncollected_exception(self.task):
            error = self.task.exception()
        if error is not None:
            self.loop.call_exception_handler(
                {
                    'message': 'Exception in the main task of AioGuest.start()',
                    'exception': error,
                    'task': self.task,
                }
            )

    # Owning the thread

    def is_over(self):
        return self not in _lives

    def drain_now(self):
        """Cancel the main task and iterate the main context until the run is over."""
        if self.is_over():
            return
        self.cancel()
        self.session.iterate()

    def run(self):
        """Iterate the main context until the run is over; return or raise what came of it."""
        self._raised = True
        self._begin_signals()
        while not self.is_over():
            try:
                self.session.iterate()
            except BaseException as error:
                # By a signal handler. Like an exception out of a callback.
                if not self._on_end(error):
                    raise
        return self.result()

    def _on_signal(self, signum):
        """As asyncio.Runner does: the first one cancels the main task, the next one raises."""
        self.signals.append(signum)
        if len(self.signals) > 1 or self.task.done():
            raise KeyboardInterrupt
        self.task.cancel()
        self.session.guest.wake()

    def has_failed(self):
        """Whether something other than the end of the application ended the main task."""
        return self.exception is not None or self.stopped or (
            self.task.done() and not self.task.cancelled() and self.task.exception() is not None
        )

    def result(self):
        if self.exception is not None:
            raise self.exception
        if self.stopped:
            raise RuntimeError('Event loop stopped before Future completed.')
        try:
            return self.task.result()
        except asyncio.CancelledError:
            if self.signals and self.task.uncancel() == 0:
                raise KeyboardInterrupt from None
            raise


def _drain_at_exit():
    """The interpreter exits in mid-run: let every run come to its end, on its own thread only."""
    for life in list(_lives):
        if get_running_thread(life.loop) == threading.get_ident():
            warn_of_resource(
                f'AioGuest run {life.session.run.get_name()!r} was still going on when the '
                f'interpreter exited',
                life.task,
            )
            life.drain_now()


register_exit_function(_drain_at_exit)
# A forked child has copies of its parent's runs. They are the parent's to end.
os.register_at_fork(after_in_child=_lives.clear)


def _check_context_is_free(context):
    if not context.acquire():
        raise RuntimeError(
            'main_context is owned by another thread, which iterates it: start the guest there, '
            'or give this thread a main context of its own'
        )
    context.release()


def _check_thread_is_free():
    running = asyncio._get_running_loop()
    if running is None:
        return
    if get_session(running) is not None:
        raise RuntimeError(
            'a guest run is going on in this thread already, and a thread has one running loop: '
            'use AioGuest.spawn() or asyncio.create_task()'
        )
    raise RuntimeError(
        f'{running!r} is running in this thread, and a thread has one running loop: start the '
        f'guest before it, or in a thread of its own'
    )


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

    :param coro: a coroutine. If this function raises it is closed.
    :param done_callback: called with the main task when all is over.
    :param debug: asyncio's debug mode; None to have ``PYTHONASYNCIODEBUG`` and ``-X dev`` decide.
    :param loop_factory: makes the loop, a selector loop of asyncio's or of a subclass of it;
        :class:`EventLoop` by default.
    :param context: the ``contextvars.Context`` of the main task; a copy of the current by default.
    :param main_context: the ``GLib.MainContext``; the thread-default one by default. This thread
        must be the one that iterates it.
    :param priority: of the guest while it keeps within its slice.
    :param slice_us: microseconds after which the guest lets frames and idle callbacks go first.
    :param application: a ``Gio.Application`` to hold until all is over. When it shuts down the
        main task is cancelled and all is drained before ``run()`` returns; this is also done for
        the default application, without a hold, if none is given.
    :param shutdown_timeout: seconds that cancelled tasks are given to end; None for any time.
    :param name: of the main task and of the run.
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
        life = _Life(options)
        life.begin(coro)
        return life
    except BaseException:
        close_coroutine(coro)
        raise


def _with_defaults(options):
    """*options* with what is missing, checked against the signature of :func:`start`."""
    bound = inspect.signature(start).bind(None, **options)
    bound.apply_defaults()
    del bound.arguments['coro']
    return bound.arguments


def run(coro, argv=None, *, main=None, **options):
    """Run a main task and own the thread until it is over.

    ``run(coro)`` iterates the main context until the main task is done and all is cleaned up, and
    returns or raises what came of it: the ``asyncio.run()`` of a GLib program. Ctrl-C cancels the
    main task and raises KeyboardInterrupt when all is over, as there.

    ``run(app, argv, main=async_function)`` runs a ``Gio.Application`` with
    ``async_function()`` as its main task: it starts at ``::startup``, holds the application, and
    is cancelled and drained before the application's ``run()`` returns. If the main task raises,
    the application quits and the exception is raised here.

    The keyword arguments are those of :func:`start`.

    :param coro: a coroutine, or the application.
    :param argv: arguments of the application; None for none.
    :param main: with an application, the async function that makes the main task.
    :returns: the main task's result, or the exit status of the application.
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
    if not inspect.iscoroutinefunction(main):
        raise TypeError(f'main must be an async function, not {main!r}')
    if options['application'] not in (None, application):
        raise TypeError('application is given already, as the first argument')
    options['application'] = application
    done_callback = options['done_callback']
    life = None
    failure = None

    def on_done(task):
        if life.has_failed():
            application.quit()
        if done_callback is not None:
            done_callback(task)

    def on_startup(application):
        nonlocal life, failure
        try:
            life = _begin(main(), options)
        except BaseException as error:
            failure = error
            application.quit()

    options['done_callback'] = on_done
    handler = application.connect('startup', on_startup)
    try:
        status = application.run(argv)
    finally:
        application.disconnect(handler)
        if life is not None:
            life.drain_now()

    if failure is not None:
        raise failure
    if life is None:
        return status
    if life.has_failed():
        life.result()
    if signal.SIGINT in life.signals:
        raise KeyboardInterrupt
    # As a shell tells of a process that a signal has ended.
    return 128 + life.signals[0] if life.signals else status
