# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What others do wrong ends in an exception or a report, and with nothing left behind."""

import asyncio
import asyncio.base_events
import collections
import contextlib
import gc
import os
import selectors
import sys

import pytest
from gi.repository import AioGuest, GLib

import support
from collected import Collected
from program import run_program

# Another asyncio


class Altered:
    """What programs/altered.py says."""

    def __init__(self, way):
        status, lines, self.errors = run_program("altered.py", way, fresh=True)
        assert status == 0, self.errors
        self.verdict = lines[0]
        self.result = lines[1:]

    @property
    def is_known(self):
        return self.verdict == "known"


WORKED = ["50 line thread nested invalid literal for int() with base 10: 'x'"]


@pytest.mark.parametrize("way, difference", [
    ("run_once_uses_more", "_run_once uses getattr"),
    ("run_once_is_no_function", "_run_once is no Python function"),
    ("handle_without_slots", "has no attribute '_callback'"),
    ("handle_slot_renamed", "_callback is no slot of a handle"),
    ("methods_wrapped", "_add_callback does not use _cancelled"),
    ("add_callback_missing", "has no attribute '_add_callback'"),
    ("constant_of_another_type", ""),
    ("no_epoll", "there is no EpollSelector"),
    ("write_to_self_uses_more", "_write_to_self uses getattr"),
    ("selector_keys_have_another_order", "SelectorKey has other fields"),
])
def test_unknown_asyncio_is_told_once_and_works(way, difference):
    altered = Altered(way)
    assert altered.verdict.startswith("differs: ")
    assert difference in altered.verdict
    assert altered.result == WORKED
    # There were two runs.
    (line,) = altered.errors.splitlines()
    assert line.startswith("the native tick can't be used (")
    assert difference in line


@pytest.mark.parametrize("way, difference", [
    ("thread_safe_handle_of_another_kind", "call_soon_threadsafe uses events"),
    ("thread_safe_handle_with_another_slot", "a handle has slots that are not known"),
])
def test_the_thread_safe_handle_is_another(way, difference):
    altered = Altered(way)
    # Before Python 3.14 asyncio has none, and looks for none.
    assert altered.is_known != hasattr(asyncio.events, "_ThreadSafeHandle")
    assert altered.is_known or difference in altered.verdict
    assert altered.result == WORKED


@pytest.mark.parametrize("way", [
    "nothing",
    "deque_counts_otherwise",
    "fraction_of_another_type",
    "task_functions_missing",
    "task_functions_of_another_type",
    "selector_renames_its_map",
    "selector_map_of_another_type",
    "selector_events_have_other_values",
    "set_up_missing",
    "register_atexit_missing",
    "signal_helper_of_pygobject_missing",
])
def test_what_the_tick_does_not_rely_on(way):
    altered = Altered(way)
    assert altered.is_known
    assert (altered.result, altered.errors) == (WORKED, "")


@pytest.mark.parametrize("way, difference", [
    ("handle_slot_missing", "has no attribute '_context'"),
    ("handle_slot_of_another_class", "_when is no slot of a handle"),
    ("handle_slot_of_another_kind", "_when is no slot of a handle"),
])
def test_slots_that_are_not_there_are_not_read(way, difference):
    altered = Altered(way)
    assert not altered.is_known
    assert difference in altered.verdict


has_watchers = pytest.mark.skipif(sys.version_info < (3, 12), reason="Python has no dict watchers")


@has_watchers
def test_all_dict_watchers_are_taken():
    altered = Altered("dict_watchers_taken")
    assert altered.verdict == "differs: other modules have taken all of Python's dict watchers"
    assert altered.result == WORKED
    (line,) = altered.errors.splitlines()
    assert line.startswith("the native tick can't be used (other modules have taken")


@has_watchers
def test_selector_without_descriptor_and_all_dict_watchers_taken():
    """Nothing would tell of what it is given to watch."""
    status, (line,), errors = run_program("unwatched.py", fresh=True)
    assert status == 0, errors
    assert "PollSelector" in line and line.endswith("give the loop a selectors.EpollSelector()")


# Changed in mid-run


@contextlib.contextmanager
def changed(owner, name, value):
    before = vars(owner)[name]
    if value is None:
        delattr(owner, name)
    else:
        setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def is_native():
    from gi.overrides.AioGuest._session import get_session

    return get_session(asyncio.get_running_loop()).guest.native


Base = asyncio.base_events.BaseEventLoop
Selector = asyncio.selector_events.BaseSelectorEventLoop


@pytest.mark.parametrize("owner, name", [
    (Base, "_run_once"),
    (Base, "_add_callback"),
    (Base, "_timer_handle_cancelled"),
    (Base, "time"),
    (Selector, "_process_events"),
    (asyncio.Handle, "_run"),
], ids=lambda value: value if isinstance(value, str) else value.__name__)
def test_method_replaced_in_mid_run(run, owner, name):
    calls = []
    inner = vars(owner)[name]

    def wrapper(*args):
        calls.append(name)
        return inner(*args)

    async def main():
        loop = asyncio.get_running_loop()
        read_fd, write_fd = os.pipe()
        os.write(write_fd, b"x")
        readable = asyncio.Event()
        kinds = [is_native()]
        with changed(owner, name, wrapper):
            kinds.append(is_native())
            loop.call_later(1000, int).cancel()
            loop.add_reader(read_fd, readable.set)
            await readable.wait()
        loop.remove_reader(read_fd)
        os.close(read_fd)
        os.close(write_fd)
        kinds.append(is_native())
        return kinds

    native = support.TICK != "stock"
    assert run(main()) == [native, False, native]
    assert calls


def test_method_missing_in_mid_run(run):
    """One that this run has no need of."""
    async def main():
        with changed(Base, "_timer_handle_cancelled", None):
            assert not is_native()
            await asyncio.to_thread(int)
        return "done"

    assert run(main()) == "done"


def test_timers_in_a_list_of_another_kind(run):
    class Timers(list):
        pass

    async def main():
        loop = asyncio.get_running_loop()
        loop._scheduled = Timers(loop._scheduled)
        await asyncio.sleep(0.001)
        assert not is_native()
        return await asyncio.sleep(0.001, "done")

    assert run(main()) == "done"


def test_queue_of_another_kind_in_mid_run(run):
    class Queue(collections.deque):
        pass

    async def main():
        loop = asyncio.get_running_loop()
        loop._ready = Queue(loop._ready)
        await asyncio.to_thread(int)
        return await asyncio.sleep(0.001, "done")

    assert run(main()) == "done"


# What no loop can live with


def run_owning(main):
    """How it ended, and the loop."""
    loops = []

    def factory():
        loops.append(AioGuest.EventLoop())
        return loops[0]

    with pytest.raises(BaseException) as caught:
        support.run_owning(main(), loop_factory=factory, shutdown_timeout=0.1)
    return caught.value, loops[0]


def run_in_main_loop(main):
    """The same; the exception is what was reported."""
    main_loop = GLib.MainLoop()
    loop = AioGuest.EventLoop()
    reported = []
    loop.set_exception_handler(lambda loop, context: reported.append(context.get("exception")))
    support.start(main(), loop_factory=lambda: loop, shutdown_timeout=0.1,
                  done_callback=lambda task: main_loop.quit())
    main_loop.run()
    assert reported
    return reported[-1], loop


@pytest.fixture(params=[run_owning, run_in_main_loop], ids=["run", "main-loop"])
def ends(request):
    """Run a main task that comes to a bad end; return the exception that tells of it."""
    def check(main):
        error, loop = request.param(main)
        assert asyncio._get_running_loop() is None
        if not loop.is_closed():
            # Not even asyncio can close it as it is.
            with pytest.raises((AttributeError, RuntimeError)):
                loop.close()
            loop._ready, loop._scheduled = collections.deque(), []
            loop._selector = selectors.DefaultSelector()
            loop.close()
        return error

    return check


async def live_on():
    for _ in range(3):
        await asyncio.sleep(0.001)


# The main task is never resumed, which asyncio says of it when it goes.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name, value", [
    ("_ready", []),
    ("_ready", None),
    ("_scheduled", ()),
    ("_scheduled", None),
    ("_selector", None),
])
def test_loop_without_what_it_needs(ends, errors, name, value):
    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(setattr, loop, name, value)
        await live_on()

    assert isinstance(ends(main), (TypeError, RuntimeError, AttributeError))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_selector_closed_in_mid_run(ends, errors):
    async def main():
        asyncio.get_running_loop()._selector.close()
        await live_on()

    assert isinstance(ends(main), (OSError, ValueError, RuntimeError))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("poll_mode", ["direct", "thread"])
def test_backend_descriptor_closed_behind_our_back(ends, errors, monkeypatch, poll_mode):
    monkeypatch.setenv("AIOGUEST_POLL_MODE", poll_mode)

    async def main():
        os.close(asyncio.get_running_loop()._selector.fileno())
        await live_on()

    assert isinstance(ends(main), (OSError, RuntimeError))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("poll_mode", ["direct", "thread"])
def test_backend_descriptor_closed_between_ticks(ends, errors, monkeypatch, poll_mode):
    monkeypatch.setenv("AIOGUEST_POLL_MODE", poll_mode)

    async def main():
        fd = asyncio.get_running_loop()._selector.fileno()
        closed = Collected()
        GLib.idle_add(lambda: closed.append(os.close(fd)))
        # A thread that is polling it then is not told: the next tick has it poll anew.
        await closed.until()
        await asyncio.sleep(0.001)
        await asyncio.sleep(1000)

    assert isinstance(ends(main), (OSError, RuntimeError))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("poll_mode", ["direct", "thread"])
def test_backend_descriptor_closed_and_used_again(ends, errors, monkeypatch, poll_mode):
    """By a pipe that is always readable."""
    monkeypatch.setenv("AIOGUEST_POLL_MODE", poll_mode)
    pipe = os.pipe()
    os.write(pipe[1], b"x")

    async def main():
        os.dup2(pipe[0], asyncio.get_running_loop()._selector.fileno())
        await live_on()

    try:
        assert isinstance(ends(main), OSError)
    finally:
        for fd in pipe:
            os.close(fd)


@pytest.mark.parametrize("number", [2**32, 2**70, -2**70])
def test_number_too_large_for_a_descriptor(errors, number):
    class Distant(selectors.DefaultSelector):
        def fileno(self):
            return number

    async def main():
        pass

    with pytest.raises(OverflowError):
        AioGuest.run(main(), loop_factory=lambda: asyncio.SelectorEventLoop(Distant()))


@pytest.mark.parametrize("key, error", [
    (2**32, OverflowError), (2**70, OverflowError), (-1, None),
])
def test_what_is_registered_is_no_descriptor(errors, key, error):
    class Careless(selectors.SelectSelector):
        def select(self, timeout=None):
            return []

    async def main():
        asyncio.get_running_loop()._selector._fd_to_key[key] = selectors.SelectorKey(
            key, key, selectors.EVENT_READ, None)
        await asyncio.sleep(0.001)
        del asyncio.get_running_loop()._selector._fd_to_key[key]

    with contextlib.nullcontext() if error is None else pytest.raises(error):
        AioGuest.run(main(), loop_factory=lambda: asyncio.SelectorEventLoop(Careless()))


def test_selector_that_raises(ends, errors):
    class Broken(Exception):
        pass

    def fail(timeout=None):
        raise Broken

    async def main():
        asyncio.get_running_loop()._selector.select = fail
        await asyncio.sleep(1000)

    assert isinstance(ends(main), Broken)


def test_selector_replaced_in_mid_run(run):
    async def main():
        loop = asyncio.get_running_loop()
        before = loop._selector
        loop._selector = type(before)()
        for key in before.get_map().values():
            loop._selector.register(key.fileobj, key.events, key.data)
        before.close()
        await asyncio.to_thread(int)
        return await asyncio.sleep(0.001, "done")

    assert run(main()) == "done"


# Callbacks that raise


class Custom(BaseException):
    pass


ENDING = [SystemExit, KeyboardInterrupt]


def fail(exception):
    raise exception("hostile")


@pytest.mark.parametrize("debug", [False, True])
def test_every_callback_raises(run, debug):
    """Each is reported once, and everything else goes on."""
    reported = []

    async def raising(exception):
        fail(exception)

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: reported.append(context["exception"]))
        for exception in (LookupError, Custom):
            loop.call_soon(fail, exception)
            loop.call_later(0.001, fail, exception)
            loop.call_soon_threadsafe(fail, exception)
            future = loop.create_future()
            future.add_done_callback(lambda future, exception=exception: fail(exception))
            future.set_result(None)
            AioGuest.spawn(raising(LookupError))
        read_fd, write_fd = os.pipe()
        loop.add_reader(read_fd, fail, LookupError)
        os.write(write_fd, b"x")
        await asyncio.sleep(0.01)
        loop.remove_reader(read_fd)
        os.close(read_fd)
        os.close(write_fd)
        return "done"

    assert run(main(), debug=debug) == "done"
    kinds = collections.Counter(type(error) for error in reported)
    assert kinds[Custom] == 4
    # The reader again and again, as long as there is something to read.
    assert kinds[LookupError] > 4 + 2
    assert set(kinds) == {Custom, LookupError}


def test_callback_of_the_host_that_raises(monkeypatch):
    caught = Collected()
    monkeypatch.setattr(sys, "excepthook", lambda *info: caught.append(info[0]))

    async def main():
        for exception in (LookupError, Custom):
            GLib.idle_add(fail, exception)
        await caught.reaches(2)
        return "done"

    assert support.run_in_main_loop(main()) == "done"
    assert caught == [LookupError, Custom]


async def in_callback(exception):
    asyncio.get_running_loop().call_soon(fail, exception)
    await live_on()


async def in_task(exception):
    async def raising():
        fail(exception)

    # Held, so that its exception is not told of when it is collected.
    tasks.append(asyncio.create_task(raising()))
    await live_on()


async def in_main(exception):
    fail(exception)


async def in_exception_handler(exception):
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: fail(exception))
    loop.call_soon(fail, LookupError)
    await live_on()


async def in_done_callback_of_a_task(exception):
    task = asyncio.create_task(asyncio.sleep(0))
    task.add_done_callback(lambda task: fail(exception))
    await live_on()


async def in_timer(exception):
    asyncio.get_running_loop().call_later(0.001, fail, exception)
    await live_on()
    await live_on()


async def in_clean_up(exception):
    try:
        asyncio.current_task().cancel()
        await asyncio.sleep(1000)
    finally:
        fail(exception)


tasks = []
PLACES = [
    in_callback, in_task, in_main, in_exception_handler, in_done_callback_of_a_task, in_timer,
    in_clean_up,
]


def outcome(run, place, exception):
    """What asyncio makes of it, and what we do."""
    try:
        run(place(exception))
    except BaseException as error:
        return type(error), str(error)
    else:
        return None
    finally:
        for task in tasks:
            support.collect(task)
        tasks.clear()
        gc.collect()


@pytest.mark.parametrize("exception", [*ENDING, Custom], ids=lambda value: value.__name__)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_base_exception_ends_as_under_asyncio(errors, place, exception):
    expected = outcome(lambda coro: asyncio.run(coro, debug=False), place, exception)
    assert outcome(support.run_owning, place, exception) == expected


@pytest.mark.parametrize("exception", ENDING, ids=lambda value: value.__name__)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_base_exception_under_a_raw_host_is_reported(errors, monkeypatch, place, exception):
    """It can't get out of the host, which goes on."""
    unhandled = []
    monkeypatch.setattr(sys, "excepthook", lambda *info: unhandled.append(info[0]))
    main_loop = GLib.MainLoop()
    done = []

    def finish(task):
        done.append(task)
        support.collect(task)
        main_loop.quit()

    reported = []
    loop = AioGuest.EventLoop()
    loop.set_exception_handler(lambda loop, context: reported.append(context.get("exception")))
    support.start(place(exception), loop_factory=lambda: loop, done_callback=finish)
    main_loop.run()
    for task in tasks:
        support.collect(task)
    tasks.clear()
    assert len(done) == 1
    assert loop.is_closed()
    if place is in_exception_handler:
        # Whatever it is told of, it raises.
        assert unhandled == [exception]
    else:
        assert exception in [type(error) for error in reported]
        assert unhandled == []


@pytest.mark.parametrize("exception", ENDING, ids=lambda value: value.__name__)
def test_done_callback_of_start(exception):
    """It is called when all is over, so run() raises it."""
    with pytest.raises(exception):
        support.run_owning(asyncio.sleep(0), done_callback=lambda task: fail(exception))
    assert asyncio._get_running_loop() is None


def test_done_callback_of_start_with_another_exception(errors):
    async def main():
        return "result"

    assert support.run_owning(main(), done_callback=lambda task: fail(Custom)) == "result"
    (record,) = errors()
    assert "Exception in the done_callback of AioGuest.start()" in record.getMessage()
    assert record.exc_info[0] is Custom


@pytest.mark.parametrize("exception", [LookupError, Custom, *ENDING], ids=lambda value: value.__name__)
def test_destructor(run, monkeypatch, exception):
    """Python tells of it, and nothing else happens."""
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: told.append(info.exc_type))

    class Hostile:
        def __call__(self):
            pass

        def __del__(self):
            fail(exception)

    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(Hostile())
        loop.call_later(0.001, Hostile())
        loop.call_later(1000, Hostile()).cancel()
        await asyncio.sleep(0.01)
        return "done"

    assert run(main()) == "done"
    gc.collect()
    assert told == [exception] * 3
