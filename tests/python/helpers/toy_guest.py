# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that is not asyncio: a queue of callbacks over a pipe, and tasks that are generators.

It shows that a life needs nothing of its guest but what ``_guests.Guest`` says.
"""

import collections
import heapq
import itertools
import os
import select
import threading
import types

from gi.overrides.AioGuest._guests import Guest
from gi.overrides.AioGuest._life import Life
from gi.overrides.AioGuest._outcome import Outcome
from gi.repository import AioGuest, GLib


class Cancelled(BaseException):
    """Thrown into the generator of a task that is cancelled."""


class ToyTask:
    """Steps of a generator. Each value that it yields is called with the function that goes on with it."""

    def __init__(self, guest, generator, on_done):
        self._guest = guest
        self._generator = generator
        self._on_done = on_done
        self._ended = None  # (value, exception)
        self.has_begun = False
        self.is_seen = False

    def done(self):
        return self._ended is not None

    def cancelled(self):
        return self.done() and isinstance(self._ended[1], Cancelled)

    def has_failed(self):
        return self._ended[1] is not None and not self.cancelled()

    def exception(self):
        self.is_seen = True
        return self._ended[1]

    def result(self):
        if self.exception() is not None:
            raise self.exception()
        return self._ended[0]

    def cancel(self):
        self._guest.call_soon(self.step, Cancelled())

    def begin(self):
        if not self.has_begun:
            self.step()

    def step(self, error=None):
        self.has_begun = True
        if self.done():
            return
        try:
            wait = self._generator.send(None) if error is None else self._generator.throw(error)
        except StopIteration as stop:
            self.end(stop.value, None)
        except (Cancelled, Exception) as error:
            self.end(None, error)
        except BaseException as error:
            self.end(None, error)
            raise
        else:
            wait(self.step)

    def end(self, value, error):
        self._ended = value, error
        self._on_done(self)


class ToyOutcome(Outcome):
    def __init__(self):
        super().__init__()
        self.reports = []

    def is_unseen(self):
        return self.task.done() and self.task.has_failed() and not self.task.is_seen

    def end_task(self, error):
        self.task.end(None, error)

    def get_result(self):
        if self.task.cancelled() and self.signals:
            raise KeyboardInterrupt
        return self.task.result()

    def call_handler(self, context):
        self.reports.append(context)


class ToyGuest(Guest):
    """*timeout* is in seconds, or None for no limit."""

    _running = threading.local()

    def __init__(self, timeout=None):
        self._timeout = timeout
        self._life = self._exception = None
        self._ready = collections.deque()
        self._timers = []
        self._count = itertools.count()
        self._tasks = set()
        self._given_up = set()
        self._drained = set()  # cancelled by the drain
        self._depths = []  # of the ticks that are going on: their g_main_depth()
        self._is_main_cancelled = self._is_stopped = self._is_drained = self._has_begun_drain = False
        self.is_closed = False

    # What tasks and callbacks use

    def call_soon(self, function, *args):
        """Of this thread."""
        self._ready.append(lambda: function(*args))
        self.wake()

    def call_later(self, seconds, function):
        time = GLib.get_monotonic_time() + int(seconds * 1_000_000)
        heapq.heappush(self._timers, (time, next(self._count), function))
        self.wake()

    def yield_(self, go_on):
        self.call_soon(go_on)

    def sleep(self, seconds):
        return lambda go_on: self.call_later(seconds, go_on)

    def forever(self, go_on):
        """Until the task is cancelled."""

    def spawn(self, generator):
        task = ToyTask(self, generator, self._on_done)
        self._tasks.add(task)
        self.call_soon(task.begin)
        return task

    def stop_run(self):
        """As ``loop.stop()``."""
        self._is_stopped = True
        self.wake()

    def _on_done(self, task):
        self._tasks.discard(task)
        if task is self.task:
            self._life.drain()
        self._go_on_draining()

    # What the life uses

    def make(self, life):
        if getattr(self._running, "guest", None) is not None:
            raise RuntimeError("a toy is running in this thread")
        self._life = life
        self._read_fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.outcome = ToyOutcome()

    def discard(self):
        self.close()

    def enter(self, main_context):
        self.run = AioGuest.Run.new(AioGuest.Poller.new(self._read_fd, AioGuest.PollMode.AUTO), self._tick)
        self.run.set_reentrant(True)
        self.run.attach(main_context)
        self._running.guest = self

    def create_main_task(self, generator):
        self.task = self.outcome.task = self.spawn(generator)

    def take_first_step(self):
        self.task.begin()

    def call_in_tick(self, function):
        self.call_soon(function)

    def meet_host(self):
        pass

    @property
    def main_context(self):
        return self.run.get_main_context()

    @property
    def depth(self):
        return len(self._depths)

    @property
    def is_in_step(self):
        return bool(self._depths) and self._depths[-1] == GLib.main_depth()

    def find_obstacle(self):
        return None

    def iterate(self):
        context = self.main_context
        while self.run.get_state() == AioGuest.RunState.RUNNING:
            context.iteration(True)

    def wake(self):
        if not self.is_closed:
            self.run.wake()
            # Who waits for the pipe alone: drain_rest().
            os.write(self._write_fd, b"x")

    def stop(self):
        self.run.stop()

    @property
    def exception(self):
        return self._exception

    def is_main_done(self):
        return self.task is not None and self.task.done()

    def cancel(self):
        if not self._is_main_cancelled:
            self._is_main_cancelled = True
            self.task.cancel()

    def give_up_later(self, give_up):
        if self._timeout is not None:
            self.call_later(self._timeout, give_up)

    def give_up_main(self):
        if not self.task.done():
            self._give_up(self.task)

    def give_up_all(self):
        for task in list(self._tasks):
            self._give_up(task)

    def _give_up(self, task):
        self._given_up.add(task)
        self._tasks.discard(task)
        self._go_on_draining()

    def go_on(self):
        self._is_stopped = False

    def drain(self):
        if not self._has_begun_drain:
            self._has_begun_drain = True
            self._cancel_all()
            self.give_up_later(self.give_up_all)
            self._go_on_draining()

    def _cancel_all(self):
        for task in self._tasks - self._drained:
            task.cancel()
        self._drained |= self._tasks

    def _go_on_draining(self):
        if self._has_begun_drain and not self._tasks and not self._is_drained:
            self.call_soon(self._end_drain)

    def _end_drain(self):
        # Tasks that have begun since are cancelled, too.
        self._cancel_all()
        if not self._tasks:
            self._is_drained = True
            self.stop_run()

    @property
    def is_drained(self):
        return self._is_drained

    def drain_again(self):
        if not self._tasks:
            return False
        self._is_drained = self._has_begun_drain = self._is_stopped = False
        self.drain()
        return True

    def leave(self):
        if getattr(self._running, "guest", None) is self:
            del self._running.guest
            self.run.stop()

    def drain_rest(self):
        if self._is_drained:
            return
        self._life.cancel_in_time()
        while not self._is_drained:
            self._run_ready(float("inf"))
            if not self._ready and not self._is_drained:
                until = self._timers[0][0] - GLib.get_monotonic_time() if self._timers else None
                select.select([self._read_fd], [], [], until and max(until, 0) / 1_000_000)

    def close(self):
        self.is_closed = True
        os.close(self._read_fd)
        os.close(self._write_fd)

    def conclude(self):
        self.outcome.is_given_up = self.task in self._given_up
        self._life = None

    # The tick

    def _tick(self, run, slice_end, *_):
        self._depths.append(GLib.main_depth())
        try:
            self._run_ready(slice_end)
        except BaseException as error:
            return self._end(error)
        finally:
            self._depths.pop()
        if self._is_stopped:
            return self._end(None)
        if self._ready:
            return AioGuest.Tick.AGAIN, -1
        return AioGuest.Tick.WAIT, self._timers[0][0] if self._timers else -1

    def _run_ready(self, slice_end):
        try:
            os.read(self._read_fd, 65536)
        except BlockingIOError:
            pass
        while self._timers and self._timers[0][0] <= GLib.get_monotonic_time():
            self._ready.append(heapq.heappop(self._timers)[2])
        # What comes meanwhile has its turn in the next round; what is ready runs though it was stopped.
        for _ in range(len(self._ready)):
            if self._ready and (self._is_stopped or GLib.get_monotonic_time() < slice_end):
                self._ready.popleft()()

    def _end(self, error):
        self._is_stopped = False
        try:
            goes_on = self._life.on_end(error)
        except BaseException as in_life:
            goes_on, error = False, in_life
        if goes_on:
            return AioGuest.Tick.AGAIN, -1
        self._exception = error
        return AioGuest.Tick.FINISHED, -1


class ToyLife(Life):
    """Tells which states it has been in."""

    def __init__(self, *, timeout=None, main_context=None, application=None, done_callback=None, **options):
        self.states = []
        super().__init__(
            ToyGuest(timeout),
            types.SimpleNamespace(
                main_context=main_context, application=application, done_callback=done_callback
            ),
            **options,
        )

    def _become(self, state):
        super()._become(state)
        self.states.append(self.state.name)
