# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loops as guests, and AioGuest.EventLoop on its own."""

import asyncio
import signal
import sys
import threading
from unittest import mock

import pytest
from gi.repository import AioGuest, GLib

import support

pytestmark = pytest.mark.every_host


async def work():
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    GLib.timeout_add(5, lambda: over.set_result(None))
    await asyncio.gather(asyncio.sleep(0.01), asyncio.to_thread(int))
    await over
    return loop


# loop_factory


def test_default_is_event_loop(run):
    assert isinstance(run(work()), AioGuest.EventLoop)


def test_stock_selector_loop(run):
    loop = run(work(), loop_factory=asyncio.SelectorEventLoop)
    assert type(loop) is asyncio.SelectorEventLoop
    assert loop.is_closed()


def test_factory_with_an_instance(run):
    mine = asyncio.SelectorEventLoop()
    assert run(work(), loop_factory=lambda: mine) is mine


def test_loop_that_overrides_run_once(run):
    class Loop(asyncio.SelectorEventLoop):
        rounds = 0

        def _run_once(self):
            self.rounds += 1
            super()._run_once()

    loop = run(work(), loop_factory=Loop)
    assert loop.rounds > 2


def test_loop_that_overrides_process_events(run):
    class Loop(asyncio.SelectorEventLoop):
        events = 0

        def _process_events(self, event_list):
            self.events += len(event_list)
            super()._process_events(event_list)

    loop = run(work(), loop_factory=Loop)
    assert loop.events > 0


def test_run_once_replaced_in_mid_run(run):
    async def main():
        loop = asyncio.get_running_loop()
        original = loop._run_once
        rounds = []

        def run_once():
            rounds.append(True)
            original()

        loop._run_once = run_once
        await asyncio.sleep(0.005)
        del loop._run_once
        count = len(rounds)
        await asyncio.sleep(0.005)
        return count, len(rounds)

    before, after = run(main())
    assert before >= 1
    # The round that took it away may still count.
    assert after <= before + 1


def test_loop_with_its_own_time(run):
    class Loop(asyncio.SelectorEventLoop):
        def time(self):
            # Another zero, and ten times as fast.
            return super().time() * 10 + 1_000_000

    async def main():
        loop = asyncio.get_running_loop()
        start, real = loop.time(), asyncio.SelectorEventLoop.time(loop)
        await asyncio.sleep(0.2)
        return loop.time() - start, asyncio.SelectorEventLoop.time(loop) - real

    own, real = run(main(), loop_factory=Loop)
    assert own >= 0.2
    assert real >= 0.02


@pytest.mark.parametrize("kind", [AioGuest.EventLoop, asyncio.SelectorEventLoop])
def test_clock_of_a_loop_replaced_in_mid_run(run, kind):
    async def main():
        loop = asyncio.get_running_loop()
        now = loop.time()
        with mock.patch.object(loop, "time", lambda: now):
            sleeping = asyncio.create_task(asyncio.sleep(1000, "slept"))
            await asyncio.sleep(0)
            now += 2000
            return await sleeping

    assert run(main(), loop_factory=kind) == "slept"


def test_function_that_asyncio_takes_the_time_from_replaced(run):
    """What is done in C keeps the system's clock: a documented limit."""
    async def main():
        loop = asyncio.get_running_loop()
        before = loop.time()
        with mock.patch("time.monotonic", lambda: 0.0):
            await asyncio.sleep(0.001)
            assert loop.time() >= before + 0.001

    run(main())


def test_loop_made_by_a_test_clock(run):
    """A clock that jumps, as fake clocks in tests do."""
    class Loop(asyncio.SelectorEventLoop):
        offset = 0.0

        def time(self):
            return super().time() + self.offset

    async def main():
        loop = asyncio.get_running_loop()
        sleeping = asyncio.create_task(asyncio.sleep(1000, "slept"))
        await asyncio.sleep(0)
        loop.offset = 2000.0
        await asyncio.sleep(0)
        return await sleeping

    assert run(main(), loop_factory=Loop) == "slept"


def test_main_context_while_it_runs():
    """PyGObject looks for it, to tell whose loop it is."""
    context = GLib.MainContext()
    loop = AioGuest.EventLoop()

    async def main():
        return hash(loop._context)

    try:
        assert loop._context is None
        assert loop.run_until_complete(main()) == hash(GLib.MainContext.default())
        assert loop._context is None
    finally:
        loop.close()
    loop = AioGuest.EventLoop(main_context=context)
    loop.close()
    assert loop._context is context


def test_what_pygobject_announces():
    """As some of its versions do, of an iteration of theirs: signals wake the main context."""
    from gi import _ossighelper

    loop = AioGuest.EventLoop()
    quits = []
    with loop.running(lambda: quits.append(True)):
        announced = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(announced)
    before = signal.set_wakeup_fd(-1)
    with loop.paused():
        pass
    loop.close()
    assert (announced != -1) == hasattr(_ossighelper, "wakeup_on_signal")
    assert (before, quits) == (-1, [])


def test_signal_handlers_are_the_main_threads():
    """Elsewhere the error is asyncio's, and it changes nothing."""
    async def main():
        loop = asyncio.get_running_loop()
        with pytest.raises((RuntimeError, ValueError)) as caught:
            loop.add_signal_handler(signal.SIGUSR1, int)
        return type(caught.value), loop.remove_signal_handler(signal.SIGUSR1)

    def work():
        outcomes.append(support.run_owning(main(), main_context=GLib.MainContext()))
        outcomes.append(asyncio.run(main()))

    outcomes = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][1] is False


@pytest.mark.parametrize("base", [AioGuest.EventLoop, asyncio.SelectorEventLoop])
def test_loop_that_sets_itself_up(run, base):
    """As those of Python 3.13 on do: the hooks and the running loop are then its affair."""
    calls = []

    class Loop(base):
        def _run_forever_setup(self):
            calls.append("set up")
            self._thread_id = threading.get_ident()
            self._hooks = sys.get_asyncgen_hooks()
            sys.set_asyncgen_hooks(
                firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook)
            asyncio._set_running_loop(self)

        def _run_forever_cleanup(self):
            calls.append("cleaned up")
            self._stopping = False
            self._thread_id = None
            asyncio._set_running_loop(None)
            sys.set_asyncgen_hooks(*self._hooks)

    hooks = sys.get_asyncgen_hooks()
    assert isinstance(run(work(), loop_factory=Loop), Loop)
    assert calls == ["set up", "cleaned up"]
    assert sys.get_asyncgen_hooks() == hooks


def test_subclass_of_event_loop(run):
    class Loop(AioGuest.EventLoop):
        pass

    assert type(run(work(), loop_factory=Loop)) is Loop


# EventLoop on its own


def test_under_asyncio_runner():
    with asyncio.Runner(loop_factory=AioGuest.EventLoop, debug=False) as runner:
        loop = runner.run(work())
        assert isinstance(loop, AioGuest.EventLoop)
        assert runner.run(work()) is loop
    assert loop.is_closed()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="loop_factory came with Python 3.12")
def test_under_asyncio_run():
    loop = asyncio.run(work(), loop_factory=AioGuest.EventLoop, debug=False)
    assert isinstance(loop, AioGuest.EventLoop)
    assert loop.is_closed()


def test_exception_under_runner():
    async def main():
        raise LookupError("from main")

    with asyncio.Runner(loop_factory=AioGuest.EventLoop) as runner:
        with pytest.raises(LookupError, match="from main"):
            runner.run(main())
        # And it goes on.
        assert runner.run(asyncio.sleep(0.001, "again")) == "again"


def test_run_until_complete():
    loop = AioGuest.EventLoop()
    try:
        assert loop.run_until_complete(asyncio.sleep(0.001, 1)) == 1
        assert loop.run_until_complete(asyncio.sleep(0.001, 2)) == 2
        assert not loop.is_running()
    finally:
        loop.close()


def test_run_forever_and_stop_from_the_host():
    loop = AioGuest.EventLoop()
    try:
        for _ in range(3):
            ran = []
            loop.call_soon(ran.append, "callback")
            GLib.timeout_add(5, lambda: loop.stop())
            loop.run_forever()
            assert ran == ["callback"]
            assert asyncio._get_running_loop() is None
    finally:
        loop.close()


def test_stop_before_run_forever_runs_one_round():
    ran = []
    loop = AioGuest.EventLoop()
    try:
        loop.call_soon(ran.append, "in the round")
        loop.stop()
        loop.run_forever()
        assert ran == ["in the round"]
    finally:
        loop.close()


def test_running_loop_refuses_to_run_again(run):
    async def main():
        loop = asyncio.get_running_loop()
        coro = asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="already running"):
            loop.run_until_complete(coro)
        coro.close()
        with pytest.raises(RuntimeError, match="already running"):
            loop.run_forever()

    run(main())


def test_main_context_argument():
    context = GLib.MainContext.new()
    loop = AioGuest.EventLoop(main_context=context)
    fired = loop.create_future()
    source = GLib.Timeout(1)
    source.set_callback(lambda *args: fired.set_result(True))
    source.attach(context)
    try:
        assert loop.run_until_complete(fired)
    finally:
        loop.close()


def test_thread_default_context():
    fired = []

    async def main():
        over = asyncio.get_running_loop().create_future()
        source = GLib.Timeout(1)
        source.set_callback(lambda *args: over.set_result(threading.get_ident()))
        source.attach(GLib.MainContext.get_thread_default())
        fired.append(await over)

    def thread():
        context = GLib.MainContext.new()
        context.push_thread_default()
        with asyncio.Runner(loop_factory=AioGuest.EventLoop) as runner:
            runner.run(main())
        context.pop_thread_default()

    worker = threading.Thread(target=thread)
    worker.start()
    worker.join()
    assert fired == [worker.ident]


def test_closed_without_having_run():
    before = support.descriptors()
    AioGuest.EventLoop().close()
    assert support.descriptors() == before


def test_many_event_loops_leak_nothing():
    def cycles(count):
        for _ in range(count):
            with asyncio.Runner(loop_factory=AioGuest.EventLoop, debug=False) as runner:
                runner.run(asyncio.sleep(0))

    cycles(10)
    before = support.descriptors(), support.threads()
    cycles(200)
    assert (support.descriptors(), support.threads()) == before


@pytest.mark.parametrize("kind", [AioGuest.EventLoop, asyncio.SelectorEventLoop])
def test_loop_that_was_made_before_its_run(run, kind):
    """What was done to it counts, and what was called soon comes before the main task."""
    order, made = [], []
    loop = kind()

    def make_task(loop, coro, **options):
        made.append(coro.__name__)
        return asyncio.Task(coro, loop=loop, **options)

    async def main():
        assert asyncio.get_running_loop() is loop
        order.append("main")
        await asyncio.create_task(child())

    async def child():
        order.append("child")

    loop.set_task_factory(make_task)
    loop.call_soon(order.append, "soon")
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=[order.append, "thread"])
    thread.start()
    thread.join()
    run(main(), loop_factory=lambda: loop)
    assert order == ["soon", "thread", "main", "child"]
    assert made[:2] == ["main", "child"]
    assert loop.is_closed()
