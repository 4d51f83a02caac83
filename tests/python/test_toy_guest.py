# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a main task with a guest that is not asyncio: whatever can happen to it."""

import asyncio
import gc
import os
import signal
import threading
import warnings

import pytest
from gi.repository import AioGuest, Gio, GLib

import support
from program import run_program
from toy_guest import Cancelled, ToyLife

THROUGH_ALL = ["RUNNING", "DRAINING", "LEAVING", "CLOSED"]


@pytest.fixture
def order():
    return []


def stay(life, order, name):
    """A generator of a task that ends when it is cancelled, and cleans up in three steps."""
    try:
        yield life.guest.forever
    finally:
        for _ in range(3):
            yield life.guest.yield_
        order.append(f"{name} has cleaned up")


def run(life, main):
    life.begin(main(life))
    return life.run()


def check_end(life, states=THROUGH_ALL):
    assert life.states == states
    assert life.guest.is_closed
    assert life.guest.run.get_state() == AioGuest.RunState.FINISHED
    assert life.outcome.reports == []


def test_returns(order):
    def main(life):
        life.guest.spawn(stay(life, order, "child"))
        yield life.guest.yield_
        yield life.guest.sleep(0.001)
        return 42

    life = ToyLife(done_callback=lambda task: order.append(task.result()))
    assert run(life, main) == 42
    assert order == ["child has cleaned up", 42]
    check_end(life)


def test_raises(order):
    def main(life):
        life.guest.spawn(stay(life, order, "child"))
        yield life.guest.yield_
        raise LookupError

    life = ToyLife()
    with pytest.raises(LookupError):
        run(life, main)
    assert order == ["child has cleaned up"]
    check_end(life)


def test_raises_and_nobody_asks():
    """Whoever iterates the main context does not: it is reported."""
    def main(life):
        yield life.guest.yield_
        raise LookupError

    life = ToyLife()
    life.begin(main(life))
    support.Rescue().until(life.is_over)
    (report,) = life.outcome.reports
    assert isinstance(report["exception"], LookupError)


def test_is_cancelled_by_the_host(order):
    def main(life):
        GLib.idle_add(life.cancel)
        yield from stay(life, order, "main")

    life = ToyLife()
    with pytest.raises(Cancelled):
        run(life, main)
    assert order == ["main has cleaned up"]
    check_end(life)


def swallow(life):
    while True:
        try:
            yield life.guest.forever
        except Cancelled:
            pass


def test_swallows_its_cancellation():
    """It is given up in time, when its host goes on to its end."""
    life = ToyLife(timeout=0.01)
    life.begin(swallow(life))
    GLib.idle_add(life.drain_now)
    with pytest.raises(RuntimeError, match="was given up"):
        life.run()
    check_end(life)


def test_another_swallows_its_cancellation():
    def main(life):
        life.guest.spawn(swallow(life))
        yield life.guest.yield_
        return 42

    life = ToyLife(timeout=0.01)
    assert run(life, main) == 42
    check_end(life)


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_begins_something_in_the_drain(order, rounds):
    """Before its end, or beside that: then it is drained once more."""
    def begin(life, rounds):
        if rounds == 0:
            life.guest.spawn(begun(life))
        else:
            life.guest.call_soon(begin, life, rounds - 1)

    def begun(life):
        order.append("begun")
        yield from stay(life, order, "it")

    def main(life):
        def both(go_on):
            life.guest.call_soon(go_on)
            life.guest.call_soon(begin, life, rounds)

        yield both

    life = ToyLife()
    run(life, main)
    # A callback that comes after the end is not called, as with asyncio.
    assert order == (["begun", "it has cleaned up"] if rounds < 2 else [])
    check_end(life)


def test_the_application_quits(order):
    application = Gio.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
    application.connect("activate", lambda application: order.append("activated"))

    def main(life):
        order.append("begun")
        GLib.idle_add(application.quit)
        yield from stay(life, order, "main")

    life = ToyLife(application=application)
    life.begin(main(life))
    assert application.run([]) == 0
    assert order == ["begun", "activated", "main has cleaned up"]
    assert life.task.cancelled()
    check_end(life)


def test_is_stopped():
    def main(life):
        life.guest.stop_run()
        yield life.guest.forever

    life = ToyLife()
    with pytest.raises(RuntimeError, match="stopped"):
        run(life, main)
    check_end(life)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_exit_out_of_a_callback(order, error):
    def fail():
        raise error

    def main(life):
        life.guest.call_soon(fail)
        yield from stay(life, order, "main")

    life = ToyLife()
    with pytest.raises(error):
        run(life, main)
    assert order == ["main has cleaned up"]
    check_end(life)


def test_interrupt(order):
    def main(life):
        GLib.idle_add(lambda: os.kill(os.getpid(), signal.SIGINT))
        yield from stay(life, order, "main")

    life = ToyLife()
    with pytest.raises(KeyboardInterrupt):
        run(life, main)
    assert order == ["main has cleaned up"]
    check_end(life)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_second_interrupt_begins_the_drain(order):
    def press():
        os.kill(os.getpid(), signal.SIGINT)

    def main(life):
        life.guest.spawn(stay(life, order, "child"))
        GLib.idle_add(press)
        try:
            yield life.guest.forever
        except Cancelled:
            GLib.idle_add(press)
            yield life.guest.forever

    life = ToyLife()
    with pytest.raises(KeyboardInterrupt):
        run(life, main)
    assert order == ["child has cleaned up"]
    check_end(life)


def test_termination_has_the_application_quit(order):
    application = Gio.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
    application.connect("activate", lambda application: None)

    def main(life):
        GLib.idle_add(lambda: os.kill(os.getpid(), signal.SIGTERM))
        yield from stay(life, order, "main")

    before = signal.getsignal(signal.SIGTERM)
    life = ToyLife(application=application)
    life.begin(main(life))
    assert application.run([]) == 0
    assert order == ["main has cleaned up"]
    check_end(life)
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_main_context_goes(order):
    life = ToyLife(main_context=GLib.MainContext())
    with pytest.warns(ResourceWarning, match="ended before its main task did"):
        life.begin(stay(life, order, "main"))
        gc.collect()
    assert order == ["main has cleaned up"]
    assert life.task.cancelled()
    check_end(life)


def test_the_thread_ends(order):
    context = GLib.MainContext()
    life = ToyLife(main_context=context)

    def work():
        life.begin(stay(life, order, "main"))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    told = [str(warning.message) for warning in caught if warning.category is ResourceWarning]
    assert ["its thread ended" in message for message in told] == [True], told
    assert order == ["main has cleaned up"]
    check_end(life)


def test_the_interpreter_exits():
    status, lines, errors = run_program("toy_exit.py")
    assert (status, lines) == (0, ["main has cleaned up", "RUNNING DRAINING LEAVING CLOSED"]), errors
    assert "was still going on when the interpreter exited" in errors


def test_fork(order):
    """In the child it does nothing."""
    def fork(life):
        pid = os.fork()
        if pid == 0:
            for _ in range(20):
                GLib.MainContext.default().iteration(False)
            os._exit(7 if life.states == ["RUNNING", "COPY"] and order == [] else 1)
        order.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        life.cancel()

    def main(life):
        GLib.idle_add(fork, life)
        yield from stay(life, order, "main")

    life = ToyLife()
    with pytest.raises(Cancelled):
        run(life, main)
    assert order == [7, "main has cleaned up"]
    check_end(life)


def test_second_session(order):
    def main(life):
        second = ToyLife()
        with pytest.raises(RuntimeError, match="is running in this thread"):
            second.begin(main(second))
        assert second.states == []
        yield life.guest.yield_

    for _ in range(2):
        life = ToyLife()
        run(life, main)
        check_end(life)


def test_beside_asyncio(order):
    """Two guests in one main context, each with its own life."""
    def toy_main(life):
        order.append(asyncio.current_task())
        yield life.guest.sleep(0.001)
        event.set()
        yield from stay(life, order, "toy")

    async def main():
        life.begin(toy_main(life))
        await event.wait()
        await asyncio.sleep(0.001)
        life.cancel()
        await over.wait()
        order.append("asyncio is over")

    def on_over(task):
        order.append(task.cancelled())
        over.set()

    event, over = asyncio.Event(), asyncio.Event()
    life = ToyLife(done_callback=on_over)
    support.run_in_main_loop(main())
    assert order == [None, "toy has cleaned up", True, "asyncio is over"]
    check_end(life)


def test_the_host_has_its_turns():
    """Beside tasks that never rest."""
    turns = []

    def flood(life):
        while True:
            yield life.guest.yield_

    def main(life):
        for _ in range(3):
            life.guest.spawn(flood(life))
        GLib.idle_add(lambda: turns.append(None) or len(turns) < 10, priority=GLib.PRIORITY_LOW)
        while len(turns) < 10:
            yield life.guest.yield_

    life = ToyLife()
    run(life, main)
    check_end(life)
