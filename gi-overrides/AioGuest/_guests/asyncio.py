# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""asyncio as a guest: one loop, its main task, and the drain of all that this has begun."""

import asyncio

from gi.repository import GLib

from .._awaitables import cancel_task
from .._drain import Drain
from .._internals.asyncio import (
    attach_child_watcher,
    clear_stopping,
    collect_exception,
    detach_child_watcher,
    end_task,
    forget_task,
    has_uncollected_exception,
    set_running_again,
)
from .._loop import EventLoop
from .._outcome import Outcome
from .._session import Session, get_session
from .._signals import is_main_thread
from .._tasks import let_tasks_go, step_now
from . import Guest

__all__ = ['AsyncioGuest']


class AsyncioGuest(Guest):
    """*options* are those of ``start()``."""

    def __init__(self, options):
        self._options = options
        self._life = None
        self._loop = None
        self._session = None
        self._core = None  # its _core.Guest
        self._drain = None
        self._child_watcher = None
        self._is_cancelled = False
        self._is_alone = False  # the loop runs by itself: its main context is gone
        self._outer_context = None  # of a tick around the one that has ended the session
        self.task = self.outcome = self.run = None

    # Beginning

    def make(self, life):
        _check_thread_is_free()
        self._life = life
        self._loop = self._make_loop()
        self.outcome = AsyncioOutcome(self._loop)
        self._drain = Drain(self._loop, self._options.shutdown_timeout, self._on_drain_error)

    def _make_loop(self):
        factory = self._options.loop_factory
        loop = EventLoop() if factory is None else factory()
        if not isinstance(loop, asyncio.BaseEventLoop):
            raise TypeError(
                f'loop_factory must return an asyncio event loop, one over a selector; '
                f'{loop!r} is not'
            )
        if loop.is_closed():
            raise RuntimeError(f'loop_factory returned {loop!r}, which is closed: make a new one')
        return loop

    def discard(self):
        if self.task is not None:
            forget_task(self.task)
        if not self._loop.is_running():
            self._loop.close()

    def enter(self, main_context):
        if self._options.debug is not None:
            self._loop.set_debug(self._options.debug)
        session = self._make_session()
        _check_context_is_free(main_context)
        session.enter(main_context)
        self._session = session
        self._core, self.run = session.guest, session.run

    def _make_session(self):
        options = self._options
        try:
            wishes = options.nested, getattr(self._loop, '_nested', 'run')
            nested = 'rest' if 'rest' in wishes else 'run'
            session = Session(self._loop, nested=nested, on_end=self._life.on_end)
        except (TypeError, ValueError, AttributeError, OSError, RuntimeError) as error:
            raise RuntimeError(
                f'loop_factory returned {self._loop!r}, which can\'t be watched: {error}'
            ) from error
        session.run.set_priority(options.priority)
        session.run.set_slice(options.slice_us)
        session.run.set_name(options.name)
        return session

    def create_main_task(self, coro):
        options = self._options
        self.task = self._loop.create_task(coro, name=options.name, context=options.context)
        self._session.main_task = self.outcome.task = self.task
        self.task.add_done_callback(self._on_main_done)

    def take_first_step(self):
        try:
            step_now(self._loop, self.task)
        except asyncio.InvalidStateError:
            # The run has ended in a main loop nested in this step, and has given the task up.
            if not self._life.is_over():
                raise

    def call_in_tick(self, function):
        self._loop.call_soon(function)

    def meet_host(self):
        self._watch_signals()
        if is_main_thread() and self._child_watcher is None:
            # It may take SIGCHLD over.
            self._child_watcher = attach_child_watcher(self._loop)

    def _watch_signals(self):
        try:
            self._session.watch_signals()
        except OSError as error:
            self._loop.call_exception_handler(
                {
                    'message': 'AioGuest can\'t watch for signals: a main loop that sleeps handles '
                    'them only when something else wakes it',
                    'exception': error,
                }
            )

    # The run

    @property
    def exception(self):
        return self._core.exception

    @property
    def depth(self):
        return self._core.depth

    @property
    def is_in_step(self):
        return self._core.in_step or self._is_alone

    @property
    def main_context(self):
        return self._session.main_context or self._outer_context

    def wake(self):
        if self._core is not None:
            self._core.wake()

    def stop(self):
        self._core.stop()

    def iterate(self):
        self._core.iterate()

    def find_obstacle(self):
        return self._core.find_obstacle()

    # Its end

    def is_main_done(self):
        return self.task is not None and self.task.done()

    def cancel(self):
        # A task that has taken the request back (uncancel()) goes on, and may be asked again.
        if not self._is_cancelled or self.task.cancelling() == 0:
            self._is_cancelled = True
            cancel_task(self.task)

    def give_up_later(self, give_up):
        if self._options.shutdown_timeout is not None:
            self._loop.call_later(self._options.shutdown_timeout, give_up)

    def give_up_main(self):
        if not self.task.done():
            self._drain.give_up(self.task)

    def drain(self):
        if not self._drain.has_begun:
            self._session.is_draining = True
            self._drain.begin()

    @property
    def is_drained(self):
        return self._drain.is_over

    def drain_again(self):
        if self._drain.begin_again():
            return True
        if self.depth > 1:
            self._outer_context = self._session.main_context
        return False

    def _on_main_done(self, task):
        self._life.drain()

    def _on_drain_error(self, error):
        # asyncio.run() raises it, too, whatever the main task came to.
        self.outcome.exception = error

    def go_on(self):
        clear_stopping(self._loop)

    def collect(self, exception):
        collect_exception(exception)

    def leave(self):
        self._session.leave()

    def enter_again(self):
        set_running_again(self._loop)

    def give_up_all(self):
        self._drain.give_up_all('could have no more steps in the main loop that was nested there')

    def drain_rest(self):
        if not self._drain.is_over and self._life.can_go_on():
            self._drain_alone()
        while self._outer_context is not None:
            self._drain_what_came_after()

    def _drain_alone(self):
        """Let the loop run by itself to its end: its main context is gone."""
        self._is_alone = True
        clear_stopping(self._loop)
        self._life.cancel_in_time()
        if isinstance(self._loop, EventLoop):
            self._loop._main_context = GLib.MainContext()
        while not self._drain.is_over:
            try:
                self._loop.run_forever()
            except BaseException as error:
                if not self._life.on_end(error):
                    raise
            else:
                self._life.on_end(None)
        if isinstance(self._loop, EventLoop):
            self._loop._main_context = None

    def _drain_what_came_after(self):
        """The outer tick has gone on, and may have begun tasks: they have a session of their own."""
        context, self._outer_context = self._outer_context, None
        if not self.drain_again():
            return
        self._session = session = self._make_session()
        self._core, self.run = session.guest, session.run
        self._session.main_task = self.task
        self._session.is_draining = True
        self._session.enter(context)
        try:
            self._watch_signals()
            self._session.iterate()
        finally:
            self._session.leave()
        if self.exception is not None:
            raise self.exception

    def leave_steps(self):
        return self.task in self._drain.leave_steps()

    def close(self):
        try:
            if self._child_watcher is not None:
                detach_child_watcher(self._child_watcher, self._loop)
            self._loop.close()
        finally:
            let_tasks_go(self._loop)

    def close_inside_step(self):
        self._loop.close()
        # The steps are still told apart from what is called on top of them, as this loop's.
        set_running_again(self._loop)

    def prepare_fork(self):
        # Sessions that are going on see to it themselves.
        if self._is_alone:
            self._session.hold_tasks()

    def forget(self):
        if self._is_alone:
            self._session.forget()

    def end_child(self, error):
        self._session.end_child(error)

    def conclude(self):
        self.outcome.is_given_up = self.task is not None and self.task in self._drain.given_up
        self._drain.forget()
        self._session = self._core = self._drain = self._life = None


class AsyncioOutcome(Outcome):
    """The outcome of an ``asyncio.Task``, reported to the exception handler of *loop*."""

    def __init__(self, loop):
        super().__init__()
        self._loop = loop

    def is_unseen(self):
        return has_uncollected_exception(self.task)

    def end_task(self, error):
        end_task(self.task, error)

    def get_result(self):
        try:
            return self.task.result()
        except asyncio.CancelledError:
            if self.signals and self.task.uncancel() == 0:
                raise KeyboardInterrupt from None
            raise

    def call_handler(self, context):
        self._loop.call_exception_handler(context)


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
