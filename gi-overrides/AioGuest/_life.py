# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The life of a main task in a main context: it runs, all is drained, the loop is closed."""

import asyncio
import math
import signal
import sys

from gi.module import get_introspection_module
from gi.repository import Gio, GLib

from . import _abandoned
from ._application import ApplicationHold
from ._awaitables import cancel_task
from ._core import warn_of_resource
from ._drain import drain, get_tasks_in_step, give_up, give_up_others, is_drained
from ._internals import (
    clear_stopping,
    collect_exception,
    forget_task,
    has_uncollected_exception,
    is_live_pygobject_handler,
    is_lost,
    is_to_call_back,
    set_running_again,
    set_stopping,
)
from ._loop import EventLoop, thread_default
from ._session import Session, get_session
from ._signals import Interrupts
from ._tasks import let_tasks_go

__all__ = ['Life']


class Life:
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
        self._given_up = set()
        self._is_cancelled = False
        self._drained = False
        self._has_called_back = False  # those that were to hear of the last tasks' ends
        self._outer_context = None  # of a tick around the one that has ended the session
        self._drained_by = None  # the loop.time() from which on it is not drained again
        self.raises = False  # whoever runs the host will ask for the result
        self._owns_thread = False
        self._finished_handler = 0
        self._interrupts = None
        self._application = ApplicationHold(self)
        self._is_copy = False  # in a forked child

    # Beginning

    def begin(self, coro):
        _check_thread_is_free()
        self.loop = self._make_loop()
        try:
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
            session = Session(self.loop, on_end=self._on_end)
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
            if isinstance(loop, EventLoop):
                loop._on_no_memory = self._end_if_lost
            # Before the main task's first step, which may take its time.
            loop.call_soon(self._meet_host)
            self.task = loop.create_task(coro, name=options.name, context=options.context)
            session.main_task = self.task
            self.task.add_done_callback(self._drain_once)
            self._finished_handler = session.run.connect('finished', self._on_finished)
            self._application.hold(options.application)
        except BaseException:
            if self._finished_handler:
                session.run.disconnect(self._finished_handler)
            self._application.release()
            session.leave()
            if self.task is not None:
                forget_task(self.task)
            raise

    def _meet_host(self):
        """The host's loop is running: see what it does about signals, and whose it is."""
        if self._interrupts is not None:
            return
        self._watch_signals()
        if self._is_hosted_by_default():
            self._application.watch(Gio.Application.get_default())

    def _watch_signals(self):
        try:
            self.session.watch_signals()
        except OSError as error:
            self.loop.call_exception_handler(
                {
                    'message': 'AioGuest can\'t watch for signals: a main loop that sleeps hears '
                    'of them when it wakes up for something else',
                    'exception': error,
                }
            )
        self._interrupts = Interrupts(
            self._on_signal, terminate=self.options.application is not None
        )
        self._interrupts.begin()

    def _is_hosted_by_default(self):
        return hash(self.session.main_context) == hash(GLib.MainContext.default())

    # End

    def cancel(self):
        """Cancel the main task, from the host: once, lest its clean-up be cancelled, too.

        Several events may ask for its end: its window is closed, the application quits. A task that
        has taken the request back (``uncancel()``) goes on, and may be asked again.
        """
        if not self._is_cancelled or self.task.cancelling() == 0:
            self._is_cancelled = True
            cancel_task(self.task)

    def _cancel_in_time(self):
        """Cancel the main task, and go on without it if it does not end."""
        if self.options.shutdown_timeout is not None:
            self.loop.call_later(self.options.shutdown_timeout, self._give_up)
        self.cancel()

    def _drain_once(self, task=None):
        if self._draining is None:
            self.session.is_draining = True
            coro = self._drain()
            try:
                self._draining = self.loop.create_task(coro, name='AioGuest drain')
            except BaseException:
                # By the task factory, or of a loop that can't go on.
                coro.close()
                raise

    def _give_up(self):
        """The host has gone on to its end, and the main task does not come to its own."""
        if not self.task.done():
            self._given_up.add(self.task)
            give_up(self.task, self.options.shutdown_timeout)
        self._drain_once()

    async def _drain(self):
        try:
            await drain(self.loop, self.options.shutdown_timeout, self._given_up)
        except GeneratorExit:
            # Another one has taken its place, or the loop can't go on.
            raise
        except Exception as error:
            # asyncio.run() raises it, too, whatever the main task came to.
            self.exception = error
        except BaseException:
            # It gets out of the loop.
            self._stop_drained()
            raise
        self._stop_drained()

    def _stop_drained(self):
        self._drained = True
        try:
            self.loop.stop()
        except BaseException:
            # For want of memory. Nobody else would stop it.
            set_stopping(self.loop)
            raise

    def _end_if_lost(self, error):
        """A callback had no memory: see whether it was one that the run can't come to its end without.

        asyncio forgets the step of a task that it can't ask for, and what is to follow the last one;
        ``asyncio.run()`` then waits for ever. A MemoryError out of here gets out of the loop, and
        ends the run.
        """
        if self._draining is not None:
            if is_lost(self.loop, self._draining):
                self._forget_draining()
                self._draining = None
                self._drain_once()
        elif self.task.done():
            self._drain_once()
        elif is_lost(self.loop, self.task):
            forget_task(self.task)
            self._given_up.add(self.task)
            self._on_end(error)

    def _on_end(self, exception):
        """Asked by the tick: the loop was stopped, or *exception* got out of it."""
        if self._is_copy:
            # A step has forked, and is over in the child. Nobody is told of its task there.
            if not self.raises:
                self._report()
            return False
        is_second = self.exception is not None and self._draining is not None
        if exception is not None and is_second:
            # The second one ends it all: somebody wants out.
            return False
        if exception is not None:
            self.exception = exception
            collect_exception(exception)
        if self._drained:
            return self._drain_once_more()
        clear_stopping(self.loop)
        if exception is None:
            self.stopped = not self.task.done()
        self._drain_once()
        return True

    def _drain_once_more(self):
        """Whether to: tasks may have begun, ended, or dropped generators since it last looked."""
        if not self._is_to_drain_again():
            if self.session.guest.depth > 1:
                self._outer_context = self.session.main_context
            return False
        clear_stopping(self.loop)
        draining, self._draining = self._draining, None
        self._drained = False
        try:
            self._drain_once()
        except BaseException:
            # It will not be drained any more than it is.
            self._draining = draining
            self._drained = True
            raise
        return True

    def _is_to_drain_again(self):
        self._given_up.add(self._draining)
        if is_drained(self.loop, self._given_up):
            # Done callbacks have a round, but not those of what they in turn may have done.
            if self._has_called_back or not is_to_call_back(self.loop):
                return False
            self._has_called_back = True
            return True
        self._has_called_back = False
        timeout = self.options.shutdown_timeout
        if self._drained_by is None:
            self._drained_by = math.inf if timeout is None else self.loop.time() + timeout
        elif self.loop.time() >= self._drained_by:
            give_up_others(self.loop, timeout, self._given_up)
            return False
        return True

    def _on_finished(self, run, error):
        """The run is over, and no tick is going on."""
        if self.session.guest.exception is not None:
            self.exception = self.session.guest.exception
        if error is not None:
            warn_of_resource(
                f'AioGuest run {run.get_name()!r} ended before its main task did: {error.message}',
                self.task,
            )
            if self.exception is None and _is_of_system(error):
                # Else it would seem that somebody had cancelled the main task.
                self.exception = OSError(error.message)
        for step in (self._leave_host, self._drain_rest, self._close):
            try:
                step()
            except BaseException as error:
                # By a task that answers its cancellation with KeyboardInterrupt, say, or for want
                # of memory. GLib can't pass it on, and run() would wait for the end for ever. A
                # loop that can't go on can't be drained either: then the cause counts, not this.
                if self.exception is None or not isinstance(error, Exception):
                    self.exception = error
        if self._is_copy:
            # A step has forked meanwhile, and is over in the child. Nobody is told of its task there.
            return
        self._forget_draining()
        if isinstance(self.loop, EventLoop):
            self.loop._on_no_memory = None
        _abandoned.discard(self)
        self._application.release()
        if self.exception is not None and has_uncollected_exception(self.task):
            # The same, or one that it has overtaken.
            self.task.exception()
        self._conclude()
        self.session = self._application = self._interrupts = None

    def _leave_host(self):
        try:
            self.session.run.disconnect(self._finished_handler)
        finally:
            self._leave_session()

    def _leave_session(self):
        try:
            self.session.leave()
        finally:
            if self._interrupts is not None:
                self._interrupts.end()

    def _drain_rest(self):
        if not self._drained:
            self._drain_without_host()
        while self._outer_context is not None:
            self._drain_what_came_after()

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
            self._leave_session()
        if self.session.guest.exception is not None:
            raise self.session.guest.exception

    def _drain_without_host(self):
        """Let the loop run by itself to its end: its main context is gone."""
        clear_stopping(self.loop)
        self._cancel_in_time()
        if isinstance(self.loop, EventLoop):
            self.loop._main_context = GLib.MainContext()
        while not self._drained:
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
        if self._is_copy:
            # A step has forked, and goes on in the child.
            return
        try:
            self.loop.close()
        finally:
            let_tasks_go(self.loop)

    def _forget_draining(self):
        """Of a loop that can't go on: nobody is to hear of a task of ours that never ends."""
        if self._draining is not None and not self._draining.done():
            forget_task(self._draining)
            self._draining.get_coro().close()

    def _tell(self, context):
        """Call the loop's exception handler, when no loop is there any more to end for it."""
        try:
            self.loop.call_exception_handler(context)
        except BaseException as error:
            # GLib can't pass it on: SystemExit would end the process in the middle of this.
            if self.raises:
                self.exception = error
            else:
                sys.excepthook(type(error), error, error.__traceback__)

    def _conclude(self):
        """Hand over the main task; what it raised is told once, now."""
        if self.options.done_callback is not None:
            try:
                self.options.done_callback(self.task)
            except (SystemExit, KeyboardInterrupt) as error:
                # As out of a callback of the loop: GLib can't pass it on.
                self.exception = error
            except BaseException as error:
                self._tell(
                    {
                        'message': 'Exception in the done_callback of AioGuest.start()',
                        'exception': error,
                        'task': self.task,
                    }
                )
        if not self.raises:
            self._report()
        if not self._owns_thread:
            self._pass_signals_on()

    def _pass_signals_on(self):
        """The main task has ended because of a signal: now it is the host's turn to end."""
        if not self._is_interrupted() and not self._is_told_to_quit():
            return
        application = self.options.application
        by_ctrl_c = self.signals[0] == signal.SIGINT
        if by_ctrl_c and is_live_pygobject_handler(signal.getsignal(signal.SIGINT)):
            # It has PyGObject's run() return, and raise KeyboardInterrupt.
            signal.raise_signal(signal.SIGINT)
        elif application is not None:
            application.quit()
        else:
            self._tell(
                {
                    'message': 'The main task of AioGuest.start() was interrupted by Ctrl-C, '
                    'and nobody is there to end the main loop',
                    'task': self.task,
                }
            )

    def _is_told_to_quit(self):
        """Whether SIGTERM was all that came."""
        return self.signals == [signal.SIGTERM]

    def _is_interrupted(self):
        """Whether it was a signal that ended the main task."""
        if self.exception is not None:
            return bool(self.signals) and isinstance(self.exception, KeyboardInterrupt)
        return bool(self.signals) and self.task.cancelled()

    def _report(self):
        if self._is_interrupted():
            return
        error = self.exception
        if error is None and has_uncollected_exception(self.task):
            error = self.task.exception()
        if error is not None:
            self._tell(
                {
                    'message': 'Exception in the main task of AioGuest.start()',
                    'exception': error,
                    'task': self.task,
                }
            )

    # Owning the thread

    def is_over(self):
        return not _abandoned.is_going_on(self)

    def drain_now(self):
        """Cancel the main task and iterate the main context until the run is over."""
        if self.is_over():
            return
        self._cancel_in_time()
        # Inside a tick there is a step below that can't end before this returns; the run goes on.
        if self.session.guest.depth == 0:
            self.session.iterate()

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
        self._given_up = get_tasks_in_step(self.loop)
        for task in self._given_up:
            forget_task(task)
        if self.task in self._given_up:
            self._drain_once()
        else:
            self._cancel_in_time()
        self.session.iterate()
        # The run is not over before its outermost tick is, which it never will be.
        self.session.leave()
        if self._drained:
            self._drain_rest()
        self.loop.close()
        # The steps are still told apart from what is called on top of them, as this loop's.
        set_running_again(self.loop)

    def forget(self):
        """In a forked child: leave nothing of it in the way of what the child may do."""
        self._is_copy = True
        if self._interrupts is not None:
            self._interrupts.end()

    def run(self):
        """Iterate the main context until the run is over; return or raise what came of it."""
        self.raises = self._owns_thread = True
        self._meet_host()
        while not self.is_over():
            try:
                self.session.iterate()
                if not self.is_over() and self.session.guest.run is None:
                    # It was not told: PyGObject had no memory for that.
                    self._on_finished(self.session.run, None)
            except BaseException as error:
                # By a signal handler. Like an exception out of a callback.
                if self.is_over():
                    self.exception = error
                elif not self._on_end(error):
                    self.exception = error
                    self.session.guest.stop()
        return self.result()

    def _on_signal(self, signum):
        """As asyncio.Runner does: the first one cancels the main task, the next one raises."""
        guest = self.session.guest
        self.signals.append(signum)
        if len(self.signals) == 1 and not self.task.done():
            self.cancel()
        elif self._is_told_to_quit():
            # It is being cleaned up already.
            pass
        elif guest.depth > 0 or isinstance(self.exception, KeyboardInterrupt):
            raise KeyboardInterrupt
        else:
            # Raised between ticks it would be lost in whatever the host runs there.
            self._on_end(KeyboardInterrupt())
        guest.wake()

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
        if self.task in self._given_up:
            raise RuntimeError('the main task did not end when it was cancelled, and was given up')
        if self._is_copy and not self.task.done():
            raise RuntimeError(
                'this process was forked in the middle of the run, which goes on in its parent only'
            )
        try:
            return self.task.result()
        except asyncio.CancelledError:
            if self.signals and self.task.uncancel() == 0:
                raise KeyboardInterrupt from None
            raise


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
