# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The C extension by itself, used wrongly: an exception says so, and nothing is used up."""

import asyncio
import selectors
import socket
import threading

import pytest
from gi.overrides.AioGuest import _core
from gi.repository import AioGuest, GLib

import support
from loops import loop  # noqa: F401

NATIVE = support.TICK != "stock"


@pytest.fixture
def context():
    return GLib.MainContext.new()


# Guests


def test_guest_wants_a_loop(loop):
    for args, kwargs in [((), {}), ((loop, True), {}), ((loop,), {"nativ": True}),
                         ((loop,), {"poll_mode": "direct"})]:
        with pytest.raises(TypeError):
            _core.AsyncioGuest(*args, **kwargs)
    with pytest.raises(AttributeError, match="__dict__"):
        _core.AsyncioGuest(object())


@pytest.mark.parametrize("name, value", [
    ("_ready", None),
    ("_ready", []),
    ("_scheduled", None),
    ("_scheduled", ()),
    ("_selector", None),
])
def test_guest_of_a_loop_without_what_it_needs(loop, name, value):
    before = vars(loop).pop(name)
    try:
        with pytest.raises((TypeError, RuntimeError)):
            _core.AsyncioGuest(loop)
        setattr(loop, name, value)
        with pytest.raises((TypeError, RuntimeError)):
            _core.AsyncioGuest(loop)
    finally:
        setattr(loop, name, before)
    assert _core.AsyncioGuest(loop).run is not None


class Selector:
    """One with a descriptor of its own, and no __dict__."""

    __slots__ = ["inner", "fd"]

    def __init__(self, inner, fd):
        self.inner = inner
        self.fd = fd

    def fileno(self):
        if isinstance(self.fd, Exception):
            raise self.fd
        return self.fd

    def __getattr__(self, name):
        return getattr(self.inner, name)


@pytest.mark.parametrize("fd, error", [
    (-1, TypeError),
    ("7", TypeError),
    (2 ** 32, OverflowError),
    (2 ** 80, OverflowError),
    (LookupError(), LookupError),
    (AttributeError(), TypeError),
])
def test_guest_of_a_selector_that_cannot_be_watched(loop, fd, error):
    before = loop._selector
    loop._selector = Selector(before, fd)
    try:
        with pytest.raises(error):
            _core.AsyncioGuest(loop)
    finally:
        loop._selector = before


def test_selector_of_another_kind(loop):
    """That it has a descriptor of its own is enough."""
    before = loop._selector
    loop._selector = Selector(before, before.fileno())
    try:
        assert loop.run_until_complete(asyncio.to_thread(lambda: "done")) == "done"
    finally:
        loop._selector = before


def test_descriptor_that_cannot_be_polled(loop, tmp_path):
    before = loop._selector
    with open(tmp_path / "file", "w") as file:
        loop._selector = Selector(before, file.fileno())
        try:
            with pytest.raises(OSError, match="is a file"):
                _core.AsyncioGuest(loop)
        finally:
            loop._selector = before


def test_guest_that_is_over(loop, context):
    guest = _core.AsyncioGuest(loop, native=NATIVE)
    guest.attach(context)
    assert guest.depth == 0 and guest.exception is None
    with pytest.raises(RuntimeError, match="was attached before"):
        guest.attach(context)
    guest.stop()
    assert guest.run is None
    with pytest.raises(RuntimeError, match="is over"):
        guest.attach(context)
    # Harmless.
    assert guest.stop() is guest.wake() is guest.iterate() is guest.watch_signals(0) is None


def test_guest_that_was_not_attached(loop):
    guest = _core.AsyncioGuest(loop, native=NATIVE)
    assert guest.iterate() is guest.wake() is None
    guest.stop()
    assert guest.run.get_state() == AioGuest.RunState.FINISHED


def test_arguments_of_a_guests_methods(loop, context):
    guest, other = (_core.AsyncioGuest(loop, native=NATIVE) for _ in range(2))
    guest.attach(context)
    for call, args in [(guest.watch_signals, ("x",)), (guest.watch_signals, ()),
                       (guest.iterate, (None, None)), (guest.call_step, ()),
                       (other.attach, (5,)), (other.attach, (GLib.MainLoop(),)),
                       (_core.warn_of_resource, ()), (_core.warn_of_resource, (5, 5))]:
        with pytest.raises(TypeError):
            call(*args)
    with pytest.raises(AttributeError):
        guest.iterate(object())
    guest.stop()


def test_future_of_another_kind(loop, context):
    class Undecided:
        def done(self):
            return self

        def __bool__(self):
            raise LookupError

    guest = _core.AsyncioGuest(loop, native=NATIVE)
    guest.attach(context)
    with pytest.raises(LookupError):
        guest.iterate(Undecided())
    guest.stop()


def test_iterating_on_another_thread(loop, context):
    guest = _core.AsyncioGuest(loop, native=NATIVE)
    guest.attach(context)
    acquired, release = threading.Event(), threading.Event()

    def own():
        context.acquire()
        acquired.set()
        release.wait()
        context.release()

    thread = threading.Thread(target=own)
    thread.start()
    acquired.wait()
    try:
        with pytest.raises(RuntimeError, match="owned by another thread"):
            guest.iterate()
    finally:
        release.set()
        thread.join()
    guest.stop()


@pytest.mark.parametrize("answer", [True, False, LookupError])
def test_on_end(loop, context, answer):
    asked = []

    def on_end(exception):
        asked.append(type(exception))
        if len(asked) == 1 and answer is not False:
            if answer is True:
                return True
            raise answer
        return False

    def fail():
        raise KeyboardInterrupt

    guest = _core.AsyncioGuest(loop, native=NATIVE, on_end=on_end)
    guest.attach(context)
    loop.call_soon(fail)
    guest.wake()
    while not asked:
        context.iteration(True)
    if answer is True:
        assert guest.run is not None and guest.exception is None
        guest.stop()
    else:
        assert guest.run is None
        assert type(guest.exception) is (KeyboardInterrupt if answer is False else LookupError)
    assert asked == [KeyboardInterrupt]


def test_why_stock(loop):
    guest = _core.AsyncioGuest(loop)
    assert guest.native and guest.why_stock is None
    scheduled = loop._scheduled

    class Timers(list):
        pass

    for change, undo, why in [
        (lambda: loop.set_debug(True), lambda: loop.set_debug(False), "debug mode"),
        (lambda: setattr(loop, "time", loop.time), lambda: delattr(loop, "time"), "methods in the place"),
        (lambda: setattr(loop, "_scheduled", ()), lambda: setattr(loop, "_scheduled", scheduled),
         "methods in the place"),
    ]:
        change()
        assert not guest.native and why in guest.why_stock
        undo()
        assert guest.native and guest.why_stock is None
    assert "it was asked for" in _core.AsyncioGuest(loop, native=False).why_stock
    loop._scheduled = Timers()
    guest = _core.AsyncioGuest(loop)
    assert "list of another kind" in guest.why_stock


# What others put into a loop


def ends_with(loop, error, match):
    with pytest.raises(error, match=match):
        loop.run_forever()


@pytest.mark.skipif(not NATIVE, reason="asyncio says it in words of its own")
@pytest.mark.parametrize("data", [None, "data", (), (None,)])
def test_selector_key_of_another_kind(loop, data):
    reader, writer = socket.socketpair()
    with reader, writer:
        loop._selector.register(reader, selectors.EVENT_READ, data)
        writer.send(b"x")
        ends_with(loop, TypeError, "unexpected selector key")
        loop._selector.unregister(reader)


def test_cancelled_reader_and_writer_are_removed(loop):
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.send(b"x")
        loop.add_reader(reader, int)
        loop.add_writer(reader, int)
        for handle in loop._selector.get_key(reader).data:
            handle.cancel()
        loop.run_until_complete(asyncio.sleep(0.001))
        assert reader.fileno() not in loop._selector.get_map()


@pytest.mark.parametrize("selector", [selectors.PollSelector, selectors.SelectSelector])
def test_writer_of_a_selector_without_descriptor(selector):
    loop = AioGuest.EventLoop(selector())
    reader, writer = socket.socketpair()
    with reader, writer:
        loop.add_writer(writer, loop.stop)
        loop.run_forever()
        loop.remove_writer(writer)
    loop.close()


class Handle(asyncio.Handle):
    """One whose being cancelled is hard to tell."""

    __slots__ = ["truth"]

    def __init__(self, loop, truth, callback):
        self.truth = truth
        super().__init__(callback, (), loop)

    @property
    def _cancelled(self):
        if isinstance(self.truth, Exception):
            raise self.truth
        return self.truth

    @_cancelled.setter
    def _cancelled(self, value):
        pass


def test_handle_of_another_kind(loop):
    called = []
    loop._ready.append(Handle(loop, 0, lambda: called.append("first")))
    loop._ready.append(Handle(loop, "yes", lambda: called.append("second")))
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert called == ["first"]


def test_handle_that_cannot_be_asked(loop):
    loop._ready.append(Handle(loop, LookupError("hostile"), int))
    ends_with(loop, LookupError, "hostile")


def test_reader_that_cannot_be_asked(loop):
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.send(b"x")
        handle = Handle(loop, LookupError("hostile"), int)
        loop._selector.register(reader, selectors.EVENT_READ, (handle, None))
        ends_with(loop, LookupError, "hostile")
        loop._selector.unregister(reader)


@pytest.mark.parametrize("name, value", [
    ("_cancelled", 0), ("_cancelled", 1), ("_context", 5), ("_args", []), ("_args", None),
    ("_callback", None),
])
def test_handle_with_another_value_in_a_slot(loop, name, value):
    """asyncio's own _run() makes of it what it does."""
    told = []
    loop.set_exception_handler(lambda loop, context: told.append(type(context["exception"])))
    called = []
    setattr(loop.call_soon(called.append, 1), name, value)
    setattr(loop.call_soon(lambda: called.append(2)), name, value)
    loop.call_soon(loop.stop)
    loop.run_forever()

    other = asyncio.SelectorEventLoop()
    expected_told, expected = [], []
    other.set_exception_handler(lambda loop, context: expected_told.append(type(context["exception"])))
    setattr(other.call_soon(expected.append, 1), name, value)
    setattr(other.call_soon(lambda: expected.append(2)), name, value)
    other.call_soon(other.stop)
    other.run_forever()
    other.close()
    assert (called, told) == (expected, expected_told)


@pytest.mark.parametrize("name", ["_cancelled", "_callback", "_context", "_args"])
def test_handle_with_an_empty_slot(loop, name):
    def ending(loop):
        told = []
        loop.set_exception_handler(lambda loop, context: told.append(type(context["exception"])))
        delattr(loop.call_soon(int), name)
        loop.call_soon(loop.stop)
        try:
            loop.run_forever()
        except BaseException as error:
            return told, type(error)
        return told, None

    other = asyncio.SelectorEventLoop()
    other.set_debug(False)
    expected = ending(other)
    other.close()
    assert ending(loop) == expected


# Where a task in C notes that it is to be cancelled


def test_must_cancel_of_nothing_that_was_learned():
    """A task of another type is left alone, whatever was found out about asyncio's."""
    assert _core.clear_must_cancel(object()) is False


class Unchanged:
    _must_cancel = True

    def cancel(self):
        pass

    uncancel = cancel


class Moved(Unchanged):
    """Differs by more than a bit."""

    __slots__ = ("one", "other")

    def cancel(self):
        self.one, self.other = self, self.cancel


@pytest.mark.parametrize("make", [Unchanged, Moved])
def test_must_cancel_is_not_to_be_found(make):
    assert _core.learn_must_cancel(make()) is False
    assert _core.clear_must_cancel(make()) is False


@pytest.mark.parametrize("name", ["cancel", "uncancel"])
def test_must_cancel_of_a_sample_that_raises(name):
    def fail(self):
        raise LookupError(name)

    with pytest.raises(LookupError, match=name):
        _core.learn_must_cancel(type("Failing", (Unchanged,), {name: fail})())
