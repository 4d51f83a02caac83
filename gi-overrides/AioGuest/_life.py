# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The life of a main task: its states, and what follows from all that can happen in them."""

import enum
import signal

from gi.module import get_introspection_module

from . import _abandoned
from ._core import warn_of_resource
from ._hosts.glib import GLibHost
from ._loop import thread_default

__all__ = ['Life', 'State']


class State(enum.IntEnum):
    """The states of a life, in their order; it can leave some out."""

    NEW = enum.auto()
    RUNNING = enum.auto()  # the guest is attached; the main task is made now, or when the application starts
    DRAINING = enum.auto()  # the main task is over, or given up; the rest comes to its end
    LEAVING = enum.auto()  # the run is over, and nothing has a step any more; the loop is closed
    CLOSED = enum.auto()  # all is over, but for those who hear of it
    COPY = enum.auto()  # in a forked child: nothing happens any more


class Life:
    """The life of one main task of *guest*, in GLib's main loop.

    *options* are those of ``start()``. *main* is an async function that makes the main task when the
    application has started. Without it and without a coroutine the life has no main task, and lasts as long
    as the application. *on_over* is called when all is over.
    """

    def __init__(self, guest, options, main=None, on_over=None):
        self.guest = guest
        self.outcome = None
        self.task = None  # the main task
        self.state = State.NEW
        self._main = main
        self._on_over = on_over
        self._done_callback = options.done_callback
        self._host = GLibHost(
            self, options.main_context, options.application, presents_window=on_over is None
        )
        options.main_context = None  # the host has it
        self._finished_handler = 0
        self._interruption = None  # the KeyboardInterrupt of a Ctrl-C that came in a nested main loop
        self._is_cut = False  # by Ctrl-C: the rest is not drained

    def is_draining(self):
        """Whether the main task is over, and the rest comes to its end."""
        return State.DRAINING <= self.state <= State.LEAVING

    def is_over(self):
        return self.state >= State.CLOSED

    def has_main(self):
        """Whether there is a main task that is not done, or will be one."""
        if self.state > State.RUNNING:
            return False
        return self._main is not None if self.task is None else not self.task.done()

    def _become(self, state):
        """The one place that changes the state: from each only to a later one. A copy stays one."""
        if self.state is State.COPY:
            return
        assert state > self.state, f'{self.state} can\'t become {state}'
        self.state = state
        if state >= State.CLOSED:
            _abandoned.discard(self)

    # Beginning

    def begin(self, coro=None):
        guest = self.guest
        guest.make(self)
        self.outcome = guest.outcome
        try:
            # First: when the main task has been made nothing may fail any more.
            _abandoned.keep(self)
            # Held until the life has begun. If nobody else holds it, the life ends after that.
            context = self._host.take_context()
            guest.enter(context)
            self._become(State.RUNNING)
            self._begin_main(coro)
        except BaseException:
            self._become(State.CLOSED)
            guest.discard()
            raise
        return self.task

    def _begin_main(self, coro):
        guest = self.guest
        try:
            # Before the main task's first step, which may take its time.
            guest.call_in_tick(self._host.meet)
            if coro is not None:
                self._create_main_task(coro)
            self._finished_handler = guest.run.connect('finished', self._on_finished)
            self._host.bind()
        except BaseException:
            if self._finished_handler:
                guest.run.disconnect(self._finished_handler)
            self._host.release()
            guest.leave()
            raise

    def _create_main_task(self, coro):
        self.guest.create_main_task(coro)
        self.task = self.guest.task

    def on_startup(self):
        """The application is starting: its ``run()`` goes on."""
        # Before the main task's first step, which may take its time.
        self._host.meet()
        self.take_first_step()

    def take_first_step(self):
        """Have the main task take its first step now, if it has taken none."""
        if not self.has_main():
            return
        try:
            if self.task is None:
                self._create_main_task(self._main())
            elif self.guest.run.get_ticks() > 0:
                return
            self.guest.take_first_step()
        except BaseException as error:
            if self.is_over():
                raise
            self.end_by(error)

    # The end begins

    def cancel(self):
        """Cancel the main task, from the host; without one the rest is drained at once.

        Several events may ask for its end: its window is closed, the application quits.
        """
        if self.task is None or self.task.done():
            # To cancel one that is done would hide its exception.
            self.drain()
        else:
            self.guest.cancel()

    def cancel_in_time(self):
        """Cancel the main task, and go on without it if it does not end."""
        if self.task is not None:
            self.guest.give_up_later(self._give_up)
        self.cancel()

    def _give_up(self):
        """The host has gone on to its end, and the main task does not come to its own."""
        self.guest.give_up_main()
        self.drain()

    def drain(self):
        """The main task is over: have all that is left come to its end."""
        self._host.end_hold()
        if self.state is State.RUNNING:
            self._become(State.DRAINING)
        self.guest.drain()

    def on_end(self, exception):
        """Whether the run goes on. It was stopped by the program, or *exception* got out of a tick."""
        guest, outcome = self.guest, self.outcome
        if self.state is State.COPY:
            # A step of a guest that ends without its host has forked, and is over in the child.
            guest.end_child(exception)
        if exception is not None and exception is self._interruption and not self._is_cut:
            # It has been seen to, and has now got out of the step that the main loop was nested in.
            return not guest.is_drained
        if self._is_cut and isinstance(exception, KeyboardInterrupt):
            # As under asyncio.run(): what is not cleaned up by now is left.
            guest.collect(exception)
            return False
        if exception is not None:
            if outcome.exception is not None and self.is_draining():
                # The second one ends it all: somebody wants out.
                return False
            outcome.exception = exception
            guest.collect(exception)
        if guest.is_drained:
            return guest.drain_again()
        guest.go_on()
        if exception is None:
            outcome.stopped = not guest.is_main_done()
        self.drain()
        return True

    def end_by(self, error):
        """End the run, as an exception that gets out of a tick does; between ticks."""
        if self.is_over() or not self.on_end(error):
            self.outcome.exception = error
            if not self.is_over():
                self.guest.stop()

    # The run is over

    def _on_finished(self, run, error):
        """No tick is going on. Without its host the guest comes to its end by itself."""
        guest, outcome = self.guest, self.outcome
        if guest.exception is not None:
            outcome.exception = guest.exception
        if error is not None:
            warn_of_resource(
                f'AioGuest run {run.get_name()!r} ended before its main task did: {error.message}',
                self.task,
            )
            if outcome.exception is None and _is_of_system(error):
                # Else it would seem that somebody had cancelled the main task.
                outcome.exception = OSError(error.message)
        for step in (self._detach, self._drain_rest, self._host.end_interrupts, self._close):
            try:
                step()
            except BaseException as error:
                # By a task that answers its cancellation with KeyboardInterrupt, say, or for want
                # of memory. GLib can't pass it on, and run() would wait for the end for ever. A
                # loop that can't go on can't be drained either: then the cause counts, not this.
                if outcome.exception is None or not isinstance(error, Exception):
                    outcome.exception = error
            if self.state is State.COPY:
                # A callback of the host has forked meanwhile, and is over in the child.
                return
        self._conclude()

    def _detach(self):
        try:
            self.guest.run.disconnect(self._finished_handler)
        finally:
            self.guest.leave()

    def _drain_rest(self):
        if not self._is_cut:
            self.guest.drain_rest()

    def _close(self):
        self._become(State.LEAVING)
        self.guest.close()

    def _conclude(self):
        self.guest.conclude()
        self._become(State.CLOSED)
        self._host.release()
        self.outcome.conclude(self._done_callback)
        self._host.end_main_loops(self._on_nested_main_loops_ended)
        self._host.let_go()
        if self._on_over is not None:
            self._on_over()

    # Without the host

    def drain_now(self):
        """Cancel the main task and iterate the main context until the run is over."""
        if self.is_over():
            return
        self.cancel_in_time()
        # Inside a tick there is a step below that can't end before this returns; the run goes on.
        if self.guest.depth > 0:
            return
        if self.can_go_on():
            self.guest.iterate()
        else:
            self.guest.stop()

    def can_go_on(self):
        """Whether tasks may have steps here. If greenlets are in the way they are given up."""
        if self.guest.find_obstacle() is None:
            return True
        self.guest.give_up_all()
        return False

    def abandon(self, why):
        """Come to the end now, on the life's own thread, which will not iterate the main context."""
        guest = self.guest
        warn_of_resource(
            f'AioGuest run {guest.run.get_name()!r} was still going on when {why}', self.task
        )
        guest.enter_again()
        # If the session is over already the tick around its last one will never be.
        context = guest.main_context
        if context is None or not context.acquire():
            # It is another thread's now.
            guest.stop()
            return
        try:
            with thread_default(context):
                if guest.depth == 0:
                    self.drain_now()
                else:
                    self._end_inside_step()
        finally:
            context.release()

    def _end_inside_step(self):
        """Come to the end without the steps on the stack: the process exits in the innermost."""
        guest = self.guest
        is_main_left = guest.leave_steps()
        if self.can_go_on():
            if is_main_left or guest.is_main_done():
                self.drain()
            else:
                self.cancel_in_time()
            guest.iterate()
        # The run is not over before its outermost tick is, which it never will be.
        guest.leave()
        if guest.is_drained:
            self._drain_rest()
        guest.close_inside_step()

    def prepare_fork(self):
        """This process is about to be forked."""
        self.guest.prepare_fork()

    def forget(self):
        """In a forked child: leave nothing in the way of what the child may do."""
        self.outcome.is_copy = True
        self._become(State.COPY)
        self.guest.forget()
        self._host.end_interrupts()

    # Owning the thread

    def run(self):
        """Iterate the main context until the run is over; return or raise what came of it."""
        self.outcome.is_asked_for = True
        if self._host.run():
            raise KeyboardInterrupt
        return self.outcome.result()

    # Signals

    def on_signal(self, signum):
        """As under asyncio.run(): the first Ctrl-C cancels the main task, the next one begins the
        drain, and one during the drain ends the run. SIGTERM cancels the main task, and has nested main
        loops end and the application quit.
        """
        signals = self.outcome.signals
        signals.append(signum)
        is_draining = self.is_draining() or self.guest.is_main_done()
        if signum == signal.SIGTERM:
            self._host.quit_application()
            # A task that nests one comes to its await then, and the application to its end.
            self._host.end_nested_main_loops(lambda: None)
        if len(signals) == 1 and not is_draining:
            self.cancel()
        elif signum == signal.SIGINT:
            self._is_cut = self._is_cut or is_draining
            self._interrupt()
        self.guest.wake()

    def _interrupt(self):
        error = KeyboardInterrupt()
        if self.guest.is_in_step:
            raise error
        # Raised here it would be lost in whatever the host runs.
        self._host.end_nested_main_loops(self._on_nested_main_loops_ended)
        self.end_by(error)
        self._interruption = error

    def _on_nested_main_loops_ended(self):
        """Called where the outermost of them was, in a step or in a callback of the host."""
        if self.is_over():
            self._host.pass_signals_on(self.outcome)
        elif self.guest.is_in_step:
            raise self._interruption


def _is_of_system(error):
    """Whether a run has ended because the system failed it, and not its host."""
    codes = get_introspection_module('AioGuest').Error
    return any(
        error.matches(codes.quark(), code) for code in (codes.SYSTEM, codes.NOT_POLLABLE)
    )
