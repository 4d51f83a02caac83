# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""call_soon_threadsafe() in C, the handle that it makes, and the pipe that it writes to: they do
what asyncio's do, or leave it to them."""

import asyncio
import contextlib
import contextvars
import gc
import socket
import sys
import threading
import traceback

import pytest
from gi.repository import AioGuest

import support
from loops import functions_called, loop, make, outcome_of, overriding, slots_of, stock  # noqa: F401

variable = contextvars.ContextVar("variable", default=None)

#: What call_soon_threadsafe() makes; with a lock from Python 3.14 on.
ThreadSafeHandle = getattr(asyncio.events, "_ThreadSafeHandle", asyncio.Handle)
HAS_LOCK = ThreadSafeHandle is not asyncio.Handle


def call(loop, callback=print, *args, **kwargs):
    return loop.call_soon_threadsafe(callback, *args, **kwargs)


def pending(loop):
    """What was written to the loop's pipe; leaves it there."""
    try:
        return loop._ssock.recv(10, socket.MSG_PEEK)
    except BlockingIOError:
        return b""


def run_through(loop):
    """Run what is in the queue, and no more."""
    loop.call_soon(loop.stop)
    loop.run_forever()


# Is it C that does the work, and when not?


def test_in_c(loop):
    assert functions_called(call, loop) == []
    assert functions_called(call, loop, print, 1, context=contextvars.Context()) == []
    assert len(loop._ready) == 2
    assert pending(loop) == b"\0\0"


def test_debug_mode_is_left_to_asyncio(loop):
    loop.set_debug(True)
    assert "_check_callback" in functions_called(call, loop)
    handle = loop.call_soon_threadsafe(print)
    assert handle._source_traceback[-1].name == "test_debug_mode_is_left_to_asyncio"
    loop.set_debug(False)
    assert functions_called(call, loop) == []
    assert not loop.call_soon_threadsafe(print)._source_traceback


@pytest.mark.parametrize("where", ["instance", "type", "type below"])
@pytest.mark.parametrize("name", ["_write_to_self", "_check_closed", "get_debug", "_call_soon"])
def test_overridden_methods_are_called(stock, loop, where, name):
    called = []

    def override(self, *args, **kwargs):
        called.append(name)
        return getattr(asyncio.SelectorEventLoop, name)(self, *args, **kwargs)

    # _call_soon() is called by some versions only.
    setattr(stock, name, override.__get__(stock))
    call(stock)
    expected = len(called)
    assert expected or name == "_call_soon"

    with overriding(loop, where, name, override) as loop:
        called.clear()
        call(loop)
        assert len(called) == expected
        assert len(loop._ready) == 1
        loop._ready.clear()


def test_overrides_come_and_go(loop):
    called = []
    call(loop)
    loop._write_to_self = lambda: called.append("written")
    call(loop)
    assert (called, pending(loop)) == (["written"], b"\0")
    del loop._write_to_self
    call(loop)
    assert (called, pending(loop)) == (["written"], b"\0\0")
    assert len(loop._ready) == 3


def test_it_can_be_extended():
    class Loop(AioGuest.EventLoop):
        made = 0

        def call_soon_threadsafe(self, *args, **kwargs):
            self.made += 1
            return super().call_soon_threadsafe(*args, **kwargs)

    with make(Loop) as loop:
        handle = loop.call_soon_threadsafe(print, 1)
        assert loop.made == 1
        assert loop._ready[-1] is handle


@pytest.mark.parametrize("owner", list(dict.fromkeys([asyncio.Handle, ThreadSafeHandle])))
def test_patched_types_are_noticed(loop, monkeypatch, owner):
    made = []
    original = owner.__init__

    def init(self, *args, **kwargs):
        made.append(self)
        original(self, *args, **kwargs)

    call(loop)
    with monkeypatch.context() as patch:
        patch.setattr(owner, "__init__", init)
        handle = loop.call_soon_threadsafe(print)
    assert made == [handle]
    assert functions_called(call, loop) == []


@pytest.mark.parametrize(
    "owner", list(dict.fromkeys([asyncio.Handle, asyncio.TimerHandle, ThreadSafeHandle])))
def test_patched_run_is_noticed(loop, monkeypatch, owner):
    ran = []
    make_handle = {
        asyncio.Handle: loop.call_soon,
        asyncio.TimerHandle: lambda callback: loop.call_at(0, callback),
        ThreadSafeHandle: loop.call_soon_threadsafe,
    }[owner]
    original = owner._run

    def _run(self):
        ran.append(self)
        original(self)

    make_handle(int)
    run_through(loop)
    with monkeypatch.context() as patch:
        patch.setattr(owner, "_run", _run)
        handle = make_handle(int)
        run_through(loop)
    assert handle in ran


def test_the_lock_is_made_by_threading(loop, stock, monkeypatch):
    made = []
    rlock = threading.RLock
    monkeypatch.setattr(threading, "RLock", lambda: made.append(1) or rlock())
    call(stock)
    expected = len(made)
    call(loop)
    assert len(made) == 2 * expected == 2 * HAS_LOCK


# Arguments and handles


def test_closed_loop(loop):
    loop.close()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        call(loop)


async def coroutine_function():
    pass


WRONG = {
    "nothing": lambda loop: loop.call_soon_threadsafe(),
    "keyword": lambda loop: loop.call_soon_threadsafe(print, end=""),
    "two keywords": lambda loop: loop.call_soon_threadsafe(print, context=None, end=""),
    "twice": lambda loop: loop.call_soon_threadsafe(print, callback=print),
}
WRONG_CALLBACKS = {
    "coroutine function": coroutine_function,
    "not callable": 5,
    "None": None,
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments(loop, stock, name):
    assert outcome_of(WRONG[name], loop) == outcome_of(WRONG[name], stock) != None  # noqa: E711
    assert len(loop._ready) == len(stock._ready) == 0


@pytest.mark.parametrize("name", WRONG_CALLBACKS)
def test_wrong_callbacks(loop, stock, name):
    callback = WRONG_CALLBACKS[name]
    for each in (loop, stock):
        # Nothing is said of them but in debug mode.
        assert outcome_of(call, each, callback) is None
        each.set_debug(True)
    assert outcome_of(call, loop, callback) == outcome_of(call, stock, callback) != None  # noqa: E711
    assert len(loop._ready) == len(stock._ready) == 1
    loop._ready.clear()
    stock._ready.clear()


def test_callback_by_keyword(loop):
    assert loop.call_soon_threadsafe(callback=print)._callback is print


def test_handles_are_asyncios(loop, stock):
    ours, theirs = [each.call_soon_threadsafe(print, 1, "two") for each in (loop, stock)]

    def describe(handle):
        return slots_of(handle) | {"_lock": type(getattr(handle, "_lock", None))}

    assert type(ours) is type(theirs) is ThreadSafeHandle
    assert describe(ours) == describe(theirs)
    assert repr(ours) == repr(theirs)
    assert ours._loop is loop
    assert isinstance(ours._context, contextvars.Context)
    assert sys.getsizeof(ours) == sys.getsizeof(theirs)
    assert gc.is_tracked(ours) and gc.is_tracked(theirs)

    ours.cancel()
    theirs.cancel()
    assert describe(ours) == describe(theirs)
    assert ours.cancelled() and theirs.cancelled()
    assert repr(ours) == repr(theirs)


def test_context_is_that_of_the_calling_thread(loop):
    handles = []

    def work():
        variable.set("thread's")
        handles.append(loop.call_soon_threadsafe(print))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    context = contextvars.Context()
    handles.append(loop.call_soon_threadsafe(print, context=context))
    assert handles[0]._context[variable] == "thread's"
    assert handles[1]._context is context


def test_handles_hold_and_release(loop):
    class Callback:
        def __call__(self, argument):
            pass

    def references():
        return [sys.getrefcount(each) for each in (callback, argument, context)]

    callback, argument, context = Callback(), object(), contextvars.Context()
    before = references()
    for _ in range(10):
        loop.call_soon_threadsafe(callback, argument, context=context)
    assert references()[0] == before[0] + 10
    run_through(loop)
    assert references() == before


# The pipe


class FakeSocket:
    """A socket that does what it is told."""

    def __init__(self, outcomes=()):
        self.outcomes = list(outcomes)
        self.calls = 0

    def recv(self, *args):
        self.calls += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    send = recv


FULL = bytes(4096)


@contextlib.contextmanager
def replaced(loop, name, value):
    before = getattr(loop, name)
    setattr(loop, name, value)
    try:
        yield value
    finally:
        setattr(loop, name, before)


def test_a_full_pipe_is_no_error(loop):
    with contextlib.suppress(BlockingIOError):
        while True:
            loop._csock.send(bytes(65536))
    assert outcome_of(call, loop) is None
    assert len(loop._ready) == 1
    loop._read_from_self()
    assert pending(loop) == b""
    call(loop)
    assert pending(loop) == b"\0"


def test_a_closed_pipe_is_no_error(loop):
    csock = loop._csock
    with replaced(loop, "_csock", None):
        assert outcome_of(call, loop) is None
    with socket.socket() as closed:
        pass
    with replaced(loop, "_csock", closed):
        assert outcome_of(call, loop) is None
    assert loop._csock is csock
    assert len(loop._ready) == 2


@pytest.mark.parametrize("outcome", [
    1, OSError("send"), ConnectionResetError(), ValueError("send"), KeyboardInterrupt()], ids=repr)
def test_what_send_does(loop, stock, outcome):
    seen = []
    for each in (loop, stock):
        with replaced(each, "_csock", FakeSocket([outcome])) as csock:
            try:
                seen.append(type(call(each)))
            except BaseException as error:
                seen.append(error)
        assert csock.calls == 1
        # What can't be written is in the queue all the same.
        assert len(each._ready) == 1
    assert seen[0] == seen[1]


def test_no_pipe_at_all(loop, stock):
    seen = []
    for each in (loop, stock):
        csock = each.__dict__.pop("_csock")
        seen.append(outcome_of(call, each)[0])
        each._csock = csock
    assert seen == [AttributeError] * 2


def test_reading_in_c(loop):
    for _ in range(10):
        call(loop)
    assert functions_called(loop._read_from_self) == ["_process_self_data"]
    assert pending(loop) == b""
    assert functions_called(loop._read_from_self) == ["_read_from_self"]


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 3 * 4096])
def test_all_is_read(loop, size):
    processed = []
    loop._process_self_data = processed.append
    data = bytes(i % 256 for i in range(size))
    loop._csock.send(data)
    loop._read_from_self()
    assert b"".join(processed) == data
    assert pending(loop) == b""


@pytest.mark.parametrize("outcomes", [
    [b""],
    [b"a"],
    [FULL, b""],
    [FULL, BlockingIOError()],
    [BlockingIOError(), BlockingIOError()],
    [InterruptedError(), InterruptedError(), b"b", BlockingIOError()],
    [FULL, InterruptedError(), InterruptedError(), b"b", BlockingIOError()],
    [OSError("recv"), OSError("recv")],
    [AttributeError("recv"), AttributeError("recv")],
    [ValueError("recv")],
    [KeyboardInterrupt("recv")],
], ids=lambda outcomes: " ".join(
    f"{len(each)} bytes" if isinstance(each, bytes) else type(each).__name__ for each in outcomes))
def test_what_recv_does(loop, stock, outcomes):
    seen = []
    for each in (loop, stock):
        processed = []
        # asyncio's reads until there is nothing.
        with replaced(each, "_ssock", FakeSocket([*outcomes, BlockingIOError()])):
            with replaced(each, "_process_self_data", processed.append):
                try:
                    each._read_from_self()
                except BaseException as error:
                    processed.append((type(error), str(error)))
        seen.append(processed)
    assert seen[0] == seen[1]


def test_wrong_reading(loop, stock):
    def read(loop):
        loop._read_from_self(1)

    assert outcome_of(read, stock)[0] is outcome_of(read, loop)[0] is TypeError


def test_overridden_reading_is_called():
    called = []

    class Loop(AioGuest.EventLoop):
        def _read_from_self(self):
            called.append("_read_from_self")
            super()._read_from_self()

        def _process_self_data(self, data):
            called.append(data)

    with make(Loop) as loop:
        call(loop, loop.stop)
        loop.run_forever()
        run_through(loop)
    assert called == ["_read_from_self", b"\0"]


# Running the handle


def report_of(loop, callback):
    """What is reported of a callback's failure, and by way of which functions it came."""
    contexts = []
    loop.set_exception_handler(lambda loop, context: contexts.append(context))
    handle = loop.call_soon_threadsafe(callback)
    handles.append(handle)
    run_through(loop)
    (context,) = contexts
    assert context.pop("handle") is handle
    frames = traceback.extract_tb(context["exception"].__traceback__)
    context["exception"] = repr(context["exception"])
    return context, [frame.name for frame in frames]


handles = []


def fail():
    raise ValueError("of a callback")


def fail_cancelled():
    handles[-1].cancel()
    raise ValueError("of a callback that has cancelled itself")


@pytest.mark.parametrize("callback", [fail, fail_cancelled])
def test_failures_are_reported_as_asyncio_does(loop, stock, callback):
    ours = report_of(loop, callback)
    theirs = report_of(stock, callback)
    assert ours == theirs
    assert ours[1][-1] == callback.__name__


def can_acquire(lock):
    """Is it free for another thread?"""
    acquired = []

    def acquire():
        acquired.append(lock.acquire(blocking=False))
        if acquired[0]:
            lock.release()

    thread = threading.Thread(target=acquire)
    thread.start()
    thread.join()
    return acquired[0]


needs_lock = pytest.mark.skipif(not HAS_LOCK, reason="handles have no lock")


@pytest.mark.skipif(support.TICK == "stock", reason="the native tick's")
def test_running_in_c(loop):
    ran = []
    loop.call_soon_threadsafe(ran.append, 1)
    loop.call_soon(loop.stop)
    assert "_run" not in functions_called(loop.run_forever)
    assert ran == [1]


@needs_lock
def test_it_is_locked_while_it_runs(loop):
    free = []
    handle = loop.call_soon_threadsafe(lambda: free.append(can_acquire(handle._lock)))
    run_through(loop)
    free.append(can_acquire(handle._lock))
    assert free == [False, True]


@needs_lock
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_it_is_unlocked_after_a_failure(loop, error):
    def callback():
        raise error

    loop.set_exception_handler(lambda loop, context: reported.append(context))
    reported = []
    handle = loop.call_soon_threadsafe(callback)
    with contextlib.nullcontext() if error is ValueError else pytest.raises(error):
        run_through(loop)
    assert len(reported) == (error is ValueError)
    assert can_acquire(handle._lock)


@needs_lock
def test_cancelled_by_another_thread_while_it_was_waited_for(loop):
    """The lock is held, by a thread that cancels, when the loop comes to the handle."""
    ran = []
    handle = loop.call_soon_threadsafe(ran.append, 1)
    held = threading.Event()
    at_it = threading.Event()

    def cancel():
        with handle._lock:
            held.set()
            assert at_it.wait(support.PATIENCE)
            handle.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    assert held.wait(support.PATIENCE)
    # Before the handle, so that the thread cancels about when the loop waits for the lock.
    loop._ready.appendleft(asyncio.Handle(at_it.set, (), loop))
    run_through(loop)
    thread.join()
    assert ran == []


@needs_lock
def test_another_lock_is_used(loop):
    class Lock:
        def __enter__(self):
            used.append("enter")

        def __exit__(self, *exception):
            used.append("exit")

    used = []
    handle = loop.call_soon_threadsafe(used.append, "ran")
    handle._lock = Lock()
    run_through(loop)
    assert used == ["enter", "ran", "exit"]


@needs_lock
def test_a_lock_that_the_callback_gives_away(loop, stock):
    seen = []
    for each in (loop, stock):
        handle = each.call_soon_threadsafe(lambda: handle._lock.release())
        seen.append(outcome_of(run_through, each))
        run_through(each)
    assert seen[0] == seen[1] != None  # noqa: E711


def test_cancelled_before_it_runs(loop):
    ran = []
    loop.call_soon_threadsafe(ran.append, 1).cancel()
    loop.call_soon_threadsafe(ran.append, 2)
    run_through(loop)
    assert ran == [2]
