# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The life of a main task in a main context: it runs, all is drained, the loop is closed."""

import asyncio
import signal

from gi.module import get_introspection_module
from gi.repository import GLib

from . import _abandoned
from ._application import ApplicationBinding
from ._awaitables import cancel_task
from ._core import warn_of_resource
from ._drain import Drain
from ._gio import get_default_application
from ._internals.asyncio import (
    attach_child_watcher,
    clear_stopping,
    collect_exception,
    detach_child_watcher,
    forget_task,
    has_uncollected_exception,
    set_running_again,
)
from ._loop import EventLoop, thread_default
from ._outcome import Outcome
from ._session import Session, get_session
from ._signals import Interrupts, is_main_thread
from ._tasks import let_tasks_go, step_now

__all__ = ['Life']


class Life:
    """The life of one main task: it runs, everything is drained, the loop is closed.

    *main* is an async function that makes the main task when the application has started. Without it
    and without a coroutine the life has no main task, and lasts as long as the application. *on_over* is
    called when all is over.
    """

    def __init__(self, options, main=None, on_over=None):
        self.options = options
        self.loop = None
        self.session = None
        self.task = None
        self.outcome = None
        self._drain = None
        self._is_cancelled = False
        self._interruption = None  # the KeyboardInterrupt of a Ctrl-C that came in a nested main loop
        self._is_without_host = False
        self._is_cut = False  # by Ctrl-C: the rest is not drained
        self._outer_context = None  # of a tick around the one that has ended the session
        self._owns_thread = False
        self._is_in_default_context = options.main_context is None
        self._finished_handler = 0
        self._interrupts = None
        self._child_watcher = None
        self._main = main
        self._on_over = on_over
        self._application = ApplicationBinding(self)

    # Beginning

    def begin(self, coro=None):
        _check_thread_is_free()
        self.loop = self._make_loop()
        try:
            self.outcome = Outcome(self.loop)
            self._drain = Drain(self.loop, self.options.shutdown_timeout, self._on_drain_error)
            # First: when the main task has been made nothing may fail any more.
            _abandoned.keep(self)
            self._enter(coro)
        except BaseException:
            _abandoned.discard(self)
            if not self.loop.is_running():
                self.loop.close()
            raise
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

    def _make_session(self):
        options = self.options
        try:
            wishes = options.nested, getattr(self.loop, '_nested', 'run')
            nested = 'rest' if 'rest' in wishes else 'run'
            session = Session(self.loop, nested=nested, on_end=self._on_end)
        except (TypeError, ValueError, AttributeError, OSError, RuntimeError) as error:
            raise RuntimeError(
                f'loop_factory returned {self.loop!r}, which can\'t be watched: {error}'
            ) from error
        session.run.set_priority(options.priority)
        session.run.set_slice(options.slice_us)
        session.run.set_name(options.name)
        return session

    def _enter(self, coro):
        options = self.options
        loop = self.loop
        context = options.main_context or GLib.MainContext.ref_thread_default()
        # Not ours to hold: a main context that nobody else holds is not iterated any more.
        options.main_context = None
        if options.debug is not None:
            loop.set_debug(options.debug)

        session = self._make_session()
        _check_context_is_free(context)
        session.enter(context)
        self.session = session

        try:
            # Before the main task's first step, which may take its time.
            loop.call_soon(self._meet_host)
            if coro is not None:
                self._create_main_task(coro)
            self._finished_handler = session.run.connect('finished', self._on_finished)
            self._application.bind(options.application, presents_window=self._on_over is None)
            self._watch_default_application()
        except BaseException:
            if self._finished_handler:
                session.run.disconnect(self._finished_handler)
            self._application.release()
            session.leave()
            if self.task is not None:
                forget_task(self.task)
            raise

    def _create_main_task(self, coro):
        options = self.options
        self.task = self.loop.create_task(coro, name=options.name, context=options.context)
        self.session.main_task = self.outcome.task = self.task
        self.task.add_done_callback(self._drain_once)

    def has_main(self):
        """Whether there is a main task that is not done, or will be one."""
        if self._drain.has_begun:
            return False
        return self._main is not None if self.task is None else not self.task.done()

    def is_draining(self):
        """Whether the main task is over, and the rest is being drained."""
        return self._drain.has_begun

    def on_startup(self):
        """The bound application is starting: its run() goes on."""
        # Before the main task's first step, which may take its time.
        self._meet_host()
        self.take_first_step()

    def take_first_step(self):
        """Have the main task take its first step now, if it has not."""
        if not self.has_main():
            return
        try:
            if self.task is None:
                self._create_main_task(self._main())
            elif self.session.run.get_ticks() > 0:
                return
            step_now(self.loop, self.task)
        except BaseException as error:
            if not self.is_over():
                self._end_by(error)
            elif not isinstance(error, asyncio.InvalidStateError):
                raise
            # Else the run has ended in a main loop nested in this step, and has given the task up.

    def _meet_host(self):
        """The host's loop is running: see what it does about signals, and whose it is."""
        if self._interrupts is not None:
            return
        self._watch_signals()
        if is_main_thread():
            # It may take SIGCHLD over.
            self._child_watcher = attach_child_watcher(self.loop)
        self._watch_default_application()

    def _watch_default_application(self):
        # By their pointers.
        if hash(self.session.main_context) == hash(GLib.MainContext.default()):
            self._application.watch(get_default_application())

    def _watch_signals(self):
        try:
            self.session.watch_signals()
        except OSError as error:
            self.loop.call_exception_handler(
                {
                    'message': 'AioGuest can\'t watch for signals: a main loop that sleeps handles '
                    'them only when something else wakes it',
                    'exception': error,
                }
            )
        if self._interrupts is None:
            self._interrupts = Interrupts(
                self._on_signal,
                terminate=self.options.application is not None,
                owns_thread=self._owns_thread,
            )
            self._interrupts.begin()

    # End

    def cancel(self):
        """Cancel the main task, from the host: once, so that its clean-up is not cancelled, too.

        Without a main task the rest is drained at once. Several events may ask for its end: its window
        is closed, the application quits. A task that has taken the request back (``uncancel()``) goes
        on, and may be asked again.
        """
        if self.task is None or self.task.done():
            # To cancel one that is done would hide its exception.
            self._drain_once()
        elif not self._is_cancelled or self.task.cancelling() == 0:
            self._is_cancelled = True
            cancel_task(self.task)

    def _cancel_in_time(self):
        """Cancel the main task, and go on without it if it does not end."""
        if self.task is not None and self.options.shutdown_timeout is not None:
            self.loop.call_later(self.options.shutdown_timeout, self._give_up)
        self.cancel()

    def _drain_once(self, task=None):
        self._application.end_hold()
        if not self._drain.has_begun:
            self.session.is_draining = True
            self._drain.begin()

    def _is_main_done(self):
        return self.task is not None and self.task.done()

    def _on_drain_error(self, error):
        # asyncio.run() raises it, too, whatever the main task came to.
        self.outcome.exception = error

    def _is_given_up(self):
        return self.task is not None and self.task in self._drain.given_up

    def _give_up(self):
        """The host has gone on to its end, and the main task does not come to its own."""
        if not self.task.done():
            self._drain.give_up(self.task)
        self._drain_once()

    def _on_end(self, exception):
        """Asked by the tick: the loop was stopped, or *exception* got out of it."""
        if self.outcome.is_copy:
            # A step has forked, and is over in the child. Nobody is told of its task there.
            if not self.outcome.is_asked_for:
                self.outcome.report()
            return False
        if exception is not None and exception is self._interruption and not self._is_cut:
            # It has been seen to, and has now got out of the step that the main loop was nested in.
            return not self._drain.is_over
        if self._is_cut and isinstance(exception, KeyboardInterrupt):
            # As under asyncio.run(): what is not cleaned up by now is left.
            collect_exception(exception)
            return False
        is_second = self.outcome.exception is not None and self._drain.has_begun
        if exception is not None and is_second:
            # The second one ends it all: somebody wants out.
            return False
        if exception is not None:
            self.outcome.exception = exception
            collect_exception(exception)
        if self._drain.is_over:
            return self._drain_once_more()
        clear_stopping(self.loop)
        if exception is None:
            self.outcome.stopped = not self._is_main_done()
        self._drain_once()
        return True

    def _drain_once_more(self):
        """Go on if anything has come in the last round; whether it does."""
        if self._drain.begin_again():
            return True
        if self.session.guest.depth > 1:
            self._outer_context = self.session.main_context
        return False

    def _on_finished(self, run, error):
        """The run is over, and no tick is going on."""
        if self.session.guest.exception is not None:
            self.outcome.exception = self.session.guest.exception
        if error is not None:
            warn_of_resource(
                f'AioGuest run {run.get_name()!r} ended before its main task did: {error.message}',
                self.task,
            )
            if self.outcome.exception is None and _is_of_system(error):
                # Else it would seem that somebody had cancelled the main task.
                self.outcome.exception = OSError(error.message)
        for step in (self._leave_host, self._drain_rest, self._end_interrupts, self._close):
            try:
                step()
            except BaseException as error:
                # By a task that answers its cancellation with KeyboardInterrupt, say, or for want
                # of memory. GLib can't pass it on, and run() would wait for the end for ever. A
                # loop that can't go on can't be drained either: then the cause counts, not this.
                if self.outcome.exception is None or not isinstance(error, Exception):
                    self.outcome.exception = error
        self.outcome.is_given_up = self._is_given_up()
        if self.outcome.is_copy:
            # A step has forked meanwhile, and is over in the child. Nobody is told of its task there.
            return
        self._drain.forget()
        _abandoned.discard(self)
        self._application.release()
        if (
            self.outcome.exception is not None
            and self.task is not None
            and has_uncollected_exception(self.task)
        ):
            # The same, or one that it has overtaken.
            self.task.exception()
        self.outcome.conclude(self.options.done_callback)
        self._end_main_loops()
        self.session = self._application = self._interrupts = self._drain = None
        if self._on_over is not None:
            self._on_over()

    def _end_main_loops(self):
        """If a signal has ended the main task: the host's, too, and those that are nested in it."""
        if self._interrupts is not None and self._interrupts.is_ending_main_loops():
            # It follows when the nested ones have returned.
            return
        if not self._owns_thread:
            self.outcome.pass_signals_on(self.options.application)
        elif self.outcome.is_interrupted():
            self._interrupts.end_nested_main_loops(self._on_nested_main_loops_ended)

    def _leave_host(self):
        try:
            self.session.run.disconnect(self._finished_handler)
        finally:
            self.session.leave()

    def _end_interrupts(self):
        if self._interrupts is not None:
            self._interrupts.end()

    def _drain_rest(self):
        if self._is_cut:
            return
        if not self._drain.is_over and self._can_go_on():
            self._drain_without_host()
        while self._outer_context is not None:
            self._drain_what_came_after()

    def _can_go_on(self):
        """Whether tasks may have steps here. If greenlets are in the way they are given up."""
        if self.session.guest.find_obstacle() is None:
            return True
        self._drain.give_up_all('could have no more steps in the main loop that was nested there')
        return False

    def _drain_what_came_after(self):
        """The outer tick has gone on, and may have begun tasks: they have a session of their own."""
        context, self._outer_context = self._outer_context, None
        if not self._drain_once_more():
            return
        self.session = self._make_session()
        self.session.main_task = self.task
        self.session.is_draining = True
        self.session.enter(context)
        try:
            self._watch_signals()
            self.session.iterate()
        finally:
            self.session.leave()
        if self.session.guest.exception is not None:
            raise self.session.guest.exception

    def _drain_without_host(self):
        """Let the loop run by itself to its end: its main context is gone."""
        self._is_without_host = True
        clear_stopping(self.loop)
        self._cancel_in_time()
        if isinstance(self.loop, EventLoop):
            self.loop._main_context = GLib.MainContext()
        while not self._drain.is_over:
            try:
                self.loop.run_forever()
            except BaseException as error:
                if not self._on_end(error):
                    raise
            else:
                self._on_end(None)
        if isinstance(self.loop, EventLoop):
            self.loop._main_context = None

    def _close(self):
        if self.outcome.is_copy:
            # A step has forked, and goes on in the child.
            return
        try:
            if self._child_watcher is not None:
                detach_child_watcher(self._child_watcher, self.loop)
            self.loop.close()
        finally:
            let_tasks_go(self.loop)

    # Owning the thread

    def is_over(self):
        return not _abandoned.is_going_on(self)

    def drain_now(self):
        """Cancel the main task and iterate the main context until the run is over."""
        if self.is_over():
            return
        self._cancel_in_time()
        # Inside a tick there is a step below that can't end before this returns; the run goes on.
        if self.session.guest.depth > 0:
            return
        if self._can_go_on():
            self.session.iterate()
        else:
            self.session.guest.stop()

    def abandon(self, why):
        """Come to the end now, on the life's own thread, which will not iterate the main context."""
        warn_of_resource(
            f'AioGuest run {self.session.run.get_name()!r} was still going on when {why}', self.task
        )
        set_running_again(self.loop)
        # If the session is over already the tick around its last one will never be.
        context = self.session.main_context or self._outer_context
        if context is None or not context.acquire():
            # It is another thread's now.
            self.session.guest.stop()
            return
        try:
            with thread_default(context):
                if self.session.guest.depth == 0:
                    self.drain_now()
                else:
                    self._end_inside_step()
        finally:
            context.release()

    def _end_inside_step(self):
        """Come to the end without the steps on the stack: the process exits in the innermost."""
        in_step = self._drain.leave_steps()
        if self._can_go_on():
            if self._is_main_done() or self.task in in_step:
                self._drain_once()
            else:
                self._cancel_in_time()
            self.session.iterate()
        # The run is not over before its outermost tick is, which it never will be.
        self.session.leave()
        if self._drain.is_over:
            self._drain_rest()
        self.loop.close()
        # The steps are still told apart from what is called on top of them, as this loop's.
        set_running_again(self.loop)

    def forget(self):
        """In a forked child: leave nothing of it in the way of what the child may do."""
        self.outcome.is_copy = True
        self.outcome.is_given_up = self._is_given_up()
        if self._interrupts is not None:
            self._interrupts.end()

    def run(self):
        """Iterate the main context until the run is over; return or raise what came of it."""
        self.outcome.is_asked_for = self._owns_thread = True
        self._meet_host()
        interrupts = self._interrupts
        if self._is_in_default_context:
            self._iterate_until_over()
        else:
            with thread_default(self.session.main_context):
                self._iterate_until_over()
        if interrupts.close():
            raise KeyboardInterrupt
        return self.outcome.result()

    def _iterate_until_over(self):
        while not self.is_over():
            try:
                self.session.iterate()
            except BaseException as error:
                # By a signal handler. Like an exception out of a callback.
                if self.is_over():
                    self.outcome.exception = error
                else:
                    self._end_by(error)

    def _end_by(self, error):
        """End the run, as an exception that gets out of the loop does; between ticks."""
        if not self._on_end(error):
            self.outcome.exception = error
            self.session.guest.stop()

    # Signals

    def _on_signal(self, signum):
        """As under asyncio.run(): the first Ctrl-C cancels the main task, the next one begins the
        drain, and one during the drain ends the run. SIGTERM cancels the main task, and has nested main
        loops end and the application quit.
        """
        guest = self.session.guest
        self.outcome.signals.append(signum)
        is_draining = self._drain.has_begun or self._is_main_done()
        if signum == signal.SIGTERM:
            self._application.quit()
            # A task that nests one comes to its await then, and the application to its end.
            self._interrupts.end_nested_main_loops(lambda: None)
        if len(self.outcome.signals) == 1 and not is_draining:
            self.cancel()
        elif signum == signal.SIGINT:
            self._is_cut = self._is_cut or is_draining
            self._interrupt()
        guest.wake()

    def _interrupt(self):
        error = KeyboardInterrupt()
        if self.session.guest.in_step or self._is_without_host:
            raise error
        # Raised here it would be lost in whatever the host runs.
        self._interrupts.end_nested_main_loops(self._on_nested_main_loops_ended)
        self._end_by(error)
        self._interruption = error

    def _on_nested_main_loops_ended(self):
        """Called where the outermost of them was, in a step or in a callback of the host."""
        if self.is_over():
            if not self._owns_thread:
                self.outcome.pass_signals_on(self.options.application)
        elif self.session.guest.in_step:
            raise self._interruption


def _is_of_system(error):
    """Whether a run has ended because the system failed it, and not its host."""
    codes = get_introspection_module('AioGuest').Error
    return any(
        error.matches(codes.quark(), code) for code in (codes.SYSTEM, codes.NOT_POLLABLE)
    )


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
