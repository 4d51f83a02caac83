# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ctrl-C and the like: also while the main loop sleeps, however it is run, and with all cleaned up.

How soon is for benchmarks/ to say: an idle program that is not woken by the signal itself never
hears of it.
"""

import asyncio
import os
import signal
import threading

import pytest
from gi.repository import AioGuest, GLib

import support
from program import Program, run_program

pytestmark = pytest.mark.every_host

HOSTS = [
    "run",
    "run-application",
    "start-in-application",
    "start-before-application",
    "main-loop",
    "c-main-loop",
]

CLEANED_UP = ["cancelled", "cleaned up", "generator closed"]


def interrupt(host, handlers, signum, record_property):
    """Returns exit status and errors; how long the main task took to know of it is recorded."""
    with Program("interrupted.py", host, handlers) as program:
        program.expect("ready")
        program.wait_until_idle()
        if handlers == "added":
            program.send(signal.SIGUSR1)
            program.expect("SIGUSR1")
            program.wait_until_idle()
        sent = program.send(signum)
        reaction = (program.expect("cancelled") - sent) * 1000
        status, lines, errors = program.finish()
    assert lines[-3:] == CLEANED_UP
    record_property("reaction_ms", round(reaction, 1))
    return status, errors


def send_when_asleep(signum):
    """To this process, when this thread has gone to sleep."""
    return support.when_asleep(os.kill, os.getpid(), signum)


@pytest.mark.parametrize("handlers", ["none", "added", "removed"])
@pytest.mark.parametrize("host", HOSTS)
def test_ctrl_c_of_an_idle_program(host, handlers, record_property):
    status, errors = interrupt(host, handlers, signal.SIGINT, record_property)
    if host == "c-main-loop":
        # Nobody raises KeyboardInterrupt there; it is told of.
        assert status == 0
        assert "interrupted by Ctrl-C" in errors
        assert "Traceback" not in errors
    else:
        assert errors.splitlines()[-1] == "KeyboardInterrupt"
        assert errors.count("Traceback") == 1
        assert status == -signal.SIGINT


@pytest.mark.parametrize("host", ["run-application", "start-in-application"])
def test_termination_of_an_idle_application(host, record_property):
    status, errors = interrupt(host, "none", signal.SIGTERM, record_property)
    assert errors == ""
    # As a shell tells of a program that has been ended by a signal, where it is ours to say.
    assert status == (128 + signal.SIGTERM if host == "run-application" else 0)


def test_termination_is_not_taken_over_without_an_application():
    with Program("interrupted.py", "run", "none") as program:
        program.expect("ready")
        program.send(signal.SIGTERM)
        status, lines, errors = program.finish()
    assert (status, lines, errors) == (-signal.SIGTERM, ["ready"], "")


@pytest.mark.parametrize("name, expected", [
    ("SIGINT", -signal.SIGINT), ("SIGTERM", 128 + signal.SIGTERM),
])
def test_application_whose_main_task_returns_when_interrupted(name, expected):
    """It has ended by the signal all the same."""
    with Program("obliging.py", "run-application") as program:
        program.expect("ready")
        program.send(signal.Signals[name])
        status, lines, errors = program.finish()
    assert lines == ["ready", "returning"]
    assert status == expected
    assert errors.splitlines()[-1:] == (["KeyboardInterrupt"] if name == "SIGINT" else [])


@pytest.mark.parametrize("host", HOSTS)
def test_ctrl_c_of_a_program_that_never_rests(host):
    with Program("busy.py", host) as program:
        program.expect("ready")
        program.send(signal.SIGINT)
        status, lines, errors = program.finish()
    assert lines == ["ready", "cleaned up"]
    assert status == (0 if host == "c-main-loop" else -signal.SIGINT)


@pytest.mark.parametrize("host", HOSTS)
def test_second_ctrl_c_gets_out_of_a_task_that_does_not_end(host):
    """The first one has been swallowed."""
    with Program("stubborn.py", host) as program:
        program.expect("ready")
        program.send(signal.SIGINT)
        program.expect("swallowed")
        program.wait_until_idle()
        program.send(signal.SIGINT)
        status, lines, errors = program.finish()
    expected = "interrupted by Ctrl-C" if host == "c-main-loop" else "KeyboardInterrupt"
    assert expected in errors
    # The one warning names the task.
    assert errors.count("gave up <Task") == 1
    assert lines[-1] == "swallowed"
    assert status == (0 if host == "c-main-loop" else -signal.SIGINT)


@pytest.mark.parametrize("host", HOSTS)
def test_ctrl_c_gets_out_of_a_step_that_does_not_end(host):
    """The second one, as the first one only cancels the task."""
    with Program("endless_step.py", host) as program:
        program.expect("ready")
        program.send(signal.SIGINT)
        program.expect("cancelling")
        program.send(signal.SIGINT)
        status, lines, errors = program.finish()
    assert lines[:2] == ["ready", "cancelling"]
    if host == "c-main-loop":
        assert status == 0
        assert "Traceback" not in errors
        assert errors.count("interrupted by Ctrl-C") == 1
    else:
        assert status == -signal.SIGINT
        assert errors.count("Traceback") == 1


@pytest.mark.parametrize("name", ["SIGINT", "SIGUSR2"])
@pytest.mark.parametrize("host", HOSTS)
def test_signal_source_of_the_host(host, name):
    """GLib.unix_signal_add() before the run, of the program itself."""
    with Program("signal_source.py", host, name) as program:
        program.expect("ready")
        program.send(signal.Signals[name])
        status, lines, errors = program.finish()
    assert (status, lines, errors) == (0, ["ready", "source", "main over"], "")


def test_handler_of_the_program_is_left_in_place():
    received = []
    over = asyncio.Event()

    def handler(signum, frame):
        received.append(signum)
        asyncio.get_running_loop().call_soon_threadsafe(over.set)

    before = signal.signal(signal.SIGINT, handler)

    async def main():
        thread = send_when_asleep(signal.SIGINT)
        await over.wait()
        thread.join()
        return "not cancelled"

    try:
        assert support.run_owning(main()) == "not cancelled"
    finally:
        signal.signal(signal.SIGINT, before)
    assert received == [signal.SIGINT]


def test_ctrl_c_in_a_wait():
    order = []

    async def slow():
        threads.append(send_when_asleep(signal.SIGINT))
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.001)
            order.append("awaitable")

    async def main():
        try:
            AioGuest.wait(slow())
        finally:
            await asyncio.sleep(0.001)
            order.append("main")
            threads[0].join()

    threads = []

    with pytest.raises(KeyboardInterrupt):
        support.run_owning(main())
    assert order == ["awaitable", "main"]


def test_second_exception_of_a_signal_handler_ends_the_run():
    """It may be raised while the main context sleeps: the clean-up ends early, but it ends."""
    threads = []
    loops = []

    def fail(signum, frame):
        raise LookupError(len(threads))

    async def main():
        loops.append(asyncio.get_running_loop())
        threads.append(send_when_asleep(signal.SIGUSR1))
        try:
            await asyncio.sleep(3600)
        finally:
            threads.append(send_when_asleep(signal.SIGUSR1))
            await asyncio.sleep(3600)

    before = signal.signal(signal.SIGUSR1, fail)
    try:
        with pytest.raises(LookupError) as caught:
            support.run_owning(main())
    finally:
        signal.signal(signal.SIGUSR1, before)
        for thread in threads:
            thread.join()
    assert caught.value.args == (2,)
    assert loops[0].is_closed()
    assert asyncio._get_running_loop() is None


def test_handler_set_in_mid_run_is_left_in_place():
    def handler(signum, frame):
        pass

    async def main():
        signal.signal(signal.SIGINT, handler)

    before = signal.getsignal(signal.SIGINT)
    try:
        support.run_owning(main())
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_that_main_makes_a_result_of():
    """As in asyncio.run(): who swallows the cancellation has the last word."""
    async def main():
        thread = send_when_asleep(signal.SIGINT)
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            thread.join()
            return "a result"

    assert support.run_owning(main()) == "a result"


def state():
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    return descriptor, {signum: signal.getsignal(signum) for signum in signal.valid_signals()}


@pytest.mark.parametrize("left", [False, True], ids=["removed", "left"])
def test_handlers_and_descriptor_are_as_before(run, left):
    async def main():
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(signum, print)
        await asyncio.sleep(0.001)
        if not left:
            for signum in (signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM):
                loop.remove_signal_handler(signum)

    before = state()
    run(main())
    assert state() == before


@pytest.fixture
def own_handlers():
    """Of the program: one that ignores the signal, and functions."""
    def handler(signum, frame):
        pass

    handlers = {
        signal.SIGHUP: signal.SIG_IGN, signal.SIGUSR1: handler, signal.SIGINT: handler,
        signal.SIGTERM: handler,
    }
    before = {signum: signal.signal(signum, handler) for signum, handler in handlers.items()}
    yield handlers
    for signum, handler in before.items():
        signal.signal(signum, handler)


def run_by_runner(coro):
    with asyncio.Runner(loop_factory=AioGuest.EventLoop) as runner:
        return runner.run(coro)


async def handle_signals(signals, left):
    loop = asyncio.get_running_loop()
    for signum in signals:
        loop.add_signal_handler(signum, print)
        loop.add_signal_handler(signum, print, "another")
    await asyncio.sleep(0.001)
    if not left:
        for signum in signals:
            loop.remove_signal_handler(signum)
            loop.add_signal_handler(signum, print)
            loop.remove_signal_handler(signum)


@pytest.mark.parametrize("left", [False, True], ids=["removed", "left"])
def test_handlers_of_the_program_are_as_before(run, own_handlers, left):
    """asyncio leaves the default ones."""
    before = state()
    run(handle_signals(own_handlers, left))
    assert state() == before


@pytest.mark.parametrize("left", [False, True], ids=["removed", "left"])
def test_handlers_of_the_program_are_as_before_a_runner(own_handlers, left):
    before = state()
    run_by_runner(handle_signals(own_handlers, left))
    assert state() == before


@pytest.mark.parametrize("left", [False, True], ids=["removed", "left"])
@pytest.mark.parametrize("run", [support.run_owning, run_by_runner], ids=["run", "runner"])
def test_handler_for_the_time_of_a_run_does_not_come_back(run, left):
    """That of the run itself, or of the runner."""
    before = state()
    run(handle_signals([signal.SIGINT], left))
    assert state() == before


@pytest.mark.parametrize("wanted", [signal.SIG_IGN, print], ids=["ignore", "function"])
def test_handler_set_in_mid_run_is_not_replaced(run, own_handlers, wanted):
    async def main():
        await handle_signals([signal.SIGUSR1], left=False)
        signal.signal(signal.SIGUSR1, wanted)

    run(main())
    assert signal.getsignal(signal.SIGUSR1) is wanted


def test_handler_set_between_two_of_the_loop(run, own_handlers):
    """It is what the signal had last."""
    async def main():
        await handle_signals([signal.SIGUSR1], left=False)
        signal.signal(signal.SIGUSR1, print)
        await handle_signals([signal.SIGUSR1], left=True)

    run(main())
    assert signal.getsignal(signal.SIGUSR1) is print


def test_default_of_the_system_for_ctrl_c_is_as_before(run):
    """Python's own raises KeyboardInterrupt; many GTK programs set this one."""
    outer = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        run(handle_signals([signal.SIGINT], left=False))
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, outer)


def test_program_that_ctrl_c_ends_without_a_clean_up(run):
    """As under asyncio.run(), which takes over only Python's own handler."""
    async def main():
        return signal.getsignal(signal.SIGINT)

    outer = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        assert run(main()) == signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, outer)


def test_handler_that_the_loop_has_refused(run, own_handlers):
    """The signal was never the loop's, and is none of its business."""
    async def main():
        async def callback():
            pass

        loop = asyncio.get_running_loop()
        with pytest.raises(TypeError):
            loop.add_signal_handler(signal.SIGUSR1, callback)
        for number in 0, 1000, 2**40:
            with pytest.raises(ValueError):
                loop.add_signal_handler(number, print)
        with pytest.raises(TypeError):
            loop.add_signal_handler("SIGUSR1", print)
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)

    run(main())
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL


def test_loop_closed_by_another_thread_leaves_signals_alone(own_handlers):
    """Only the main thread may change them."""
    async def main():
        await handle_signals([signal.SIGUSR1], left=False)

    loop = AioGuest.EventLoop()
    loop.run_until_complete(main())
    thread = threading.Thread(target=loop.close)
    thread.start()
    thread.join()
    assert loop.is_closed()
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL


def receive_on_another_thread(signum):
    """When this thread has gone to sleep, whose system call the signal does not interrupt then."""
    return support.when_asleep(lambda: signal.pthread_kill(threading.get_ident(), signum))


@pytest.fixture
def own_descriptor():
    """The wakeup descriptor of the program, which wakes the default main context. Returns what it got."""
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    received = []

    def on_readable(fd, condition):
        received.extend(os.read(fd, 100))
        return GLib.SOURCE_CONTINUE

    watch = GLib.io_add_watch(read, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN, on_readable)
    outer = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    yield received
    assert signal.set_wakeup_fd(outer) == write
    GLib.source_remove(watch)
    os.close(read)
    os.close(write)


def test_descriptor_of_the_program_is_left_in_place(run, own_descriptor):
    """Except while PyGObject's run() goes on: that sets another one for its time."""
    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        loop.add_signal_handler(signal.SIGUSR1, over.set_result, "received")
        thread = receive_on_another_thread(signal.SIGUSR1)
        result = await over
        thread.join()
        loop.remove_signal_handler(signal.SIGUSR1)
        return result

    before = state()
    assert run(main()) == "received"
    assert state() == before
    assert own_descriptor == ([] if run is support.HOSTS["main-loop"] else [signal.SIGUSR1])


def test_ctrl_c_by_a_descriptor_of_the_program(own_descriptor):
    threads = []

    async def main():
        threads.append(receive_on_another_thread(signal.SIGINT))
        await asyncio.sleep(3600)

    with pytest.raises(KeyboardInterrupt):
        support.run_owning(main())
    threads[0].join()
    assert own_descriptor == [signal.SIGINT]


def test_ctrl_c_works_again_after_a_run():
    """The default handler is back in place, for input() and the like."""
    status, lines, errors = run_program("after_run.py")
    assert lines == ["KeyboardInterrupt"] * 3
    assert (status, errors) == (0, "")
