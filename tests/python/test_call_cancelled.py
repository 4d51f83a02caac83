# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.call() in tasks that are cancelled: which operations it sees ended, and which it leaves."""

import asyncio
import gc
import socket
import threading
import types

import pytest
from gi.overrides.AioGuest import _operation
from gi.repository import AioGuest, Gio, GLib, GObject

import support
from collected import Collected


class Operation:
    """An object and its asynchronous function, which takes no notice of its Cancellable."""

    def __init__(self):
        self._callback = None
        self.finished = 0

    def get_arguments(self):
        return [types.SimpleNamespace(get_name=lambda name=name: name) for name in ("cancellable", "callback")]

    def get_name(self):
        return "operate_async"

    def is_method(self):
        return True

    def __call__(self, *, callback, cancellable):
        self._callback = callback

    def end(self):
        self._callback(self, None)

    def operate_finish(self, result):
        self.finished += 1


@pytest.fixture
def ended(monkeypatch):
    """The types of the objects of operations that have ended, in their order."""
    types_ended = Collected()
    end = _operation.Operation.end

    def spy(operation, source, *args):
        types_ended.append(type(source).__name__)
        end(operation, source, *args)

    monkeypatch.setattr(_operation.Operation, "end", spy)
    return types_ended


def test_an_operation_that_takes_no_notice(run, errors):
    async def main():
        operation = Operation()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await AioGuest.call(operation)
        await asyncio.sleep(0)
        # What comes later is dropped.
        operation.end()
        return operation.finished

    assert run(main()) == 0
    gc.collect()
    assert errors() == []


@pytest.mark.parametrize("priority", [GLib.PRIORITY_DEFAULT_IDLE, GLib.PRIORITY_LOW])
def test_an_operation_that_takes_no_notice_in_a_busy_program(run, priority):
    """The loop, and handlers of the host that it is idle for, have always something to do."""
    async def main():
        async def flood():
            while True:
                await asyncio.sleep(0)

        flooding = asyncio.create_task(flood())
        source = GLib.idle_add(lambda: GLib.SOURCE_CONTINUE, priority=priority)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await AioGuest.call(Operation())
        GLib.source_remove(source)
        flooding.cancel()
        return "over"

    assert run(main()) == "over"


def test_an_operation_that_takes_no_notice_when_the_run_ends(run):
    async def main():
        AioGuest.spawn(AioGuest.call(Operation()))
        await asyncio.sleep(0)
        return "over"

    assert run(main()) == "over"


# What is ended by its Cancellable in the turns after that.


def socket_connection():
    ours, theirs = socket.socketpair()
    return theirs, Gio.Socket.new_from_fd(ours.detach()).connection_factory_create_connection()


def read_pipe():
    process = Gio.Subprocess.new(["sleep", "3600"], Gio.SubprocessFlags.STDOUT_PIPE)
    yield process.get_stdout_pipe().read_bytes_async, 10, GLib.PRIORITY_DEFAULT
    process.force_exit()


def read_socket(priority=GLib.PRIORITY_DEFAULT):
    theirs, connection = socket_connection()
    yield connection.get_input_stream().read_bytes_async, 10, priority
    theirs.close()


def read_line():
    theirs, connection = socket_connection()
    stream = Gio.DataInputStream.new(connection.get_input_stream())
    yield stream.read_line_async, GLib.PRIORITY_DEFAULT
    theirs.close()


def write_all():
    theirs, connection = socket_connection()
    data = bytes(10_000_000)
    yield connection.get_output_stream().write_all_async, data, GLib.PRIORITY_DEFAULT
    theirs.close()


def accept():
    listener = Gio.SocketListener()
    listener.add_any_inet_port(None)
    yield (listener.accept_async,)
    listener.close()


def wait_for_process():
    process = support.sleeper()
    yield (process.wait_async,)
    process.force_exit()


def communicate():
    process = Gio.Subprocess.new(["sleep", "3600"], Gio.SubprocessFlags.STDOUT_PIPE)
    yield process.communicate_utf8_async, None
    process.force_exit()


OPERATIONS = {
    "pipe": read_pipe,
    "socket": read_socket,
    "socket, low priority": lambda: read_socket(GLib.PRIORITY_LOW),
    "socket, lowest priority": lambda: read_socket(GLib.PRIORITY_LOW + 100),
    "line": read_line,
    "write": write_all,
    "accept": accept,
    "process": wait_for_process,
    "output of a process": communicate,
}


@pytest.mark.parametrize("make", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_that_its_cancellable_ends(run, ended, make):
    """The task goes on after that, and can use the object."""
    async def main():
        making = make()
        function, *arguments = next(making)
        # A process that has been communicated with has no output left.
        for _ in range(1 if make is communicate else 2):
            ended.clear()
            task = asyncio.create_task(AioGuest.call(function, *arguments))
            await asyncio.sleep(0.001)
            assert (ended, task.done()) == ([], False)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert len(ended) == 1
        next(making, None)

    run(main())


# What GIO does in a thread.


class Stream(Gio.InputStream):
    """Skips bytes, in a thread of GIO's and with no notice of the Cancellable, when it is told to."""

    __gtype_name__ = "CancelledCallStream"

    def __init__(self):
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._begun = asyncio.Event()
        self._may_end = threading.Semaphore(0)
        #: Called when an operation is cancelled, if there is one.
        self.on_cancelled = None

    async def until_begun(self):
        await self._begun.wait()
        self._begun.clear()

    def let_end(self):
        self._may_end.release()

    def do_skip(self, count, cancellable):
        if self.on_cancelled is not None:
            GObject.Object.connect(cancellable, "cancelled", lambda cancellable: self.on_cancelled())
        self._loop.call_soon_threadsafe(self._begun.set)
        self._may_end.acquire()
        return count

    def do_close_fn(self, cancellable):
        return True


def skip(stream, count=10):
    return AioGuest.call(stream.skip_async, count, GLib.PRIORITY_DEFAULT)


def close(stream):
    return AioGuest.call(stream.close_async, GLib.PRIORITY_DEFAULT)


async def leave_skip(stream):
    """An operation whose task has gone on."""
    task = asyncio.create_task(skip(stream))
    await stream.until_begun()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


def test_an_operation_in_a_thread(run, ended):
    """The task goes on; the next call of the object waits until it has ended."""
    async def main():
        stream = Stream()
        await leave_skip(stream)
        assert (ended, stream.has_pending()) == ([], True)

        # They are refused, and wait.
        next_one = asyncio.create_task(skip(stream, 5))
        last_one = asyncio.create_task(close(stream))
        await ended.reaches(2)
        assert not next_one.done() and not last_one.done()

        stream.let_end()
        await stream.until_begun()
        stream.let_end()
        return await asyncio.gather(next_one, last_one, return_exceptions=True)

    skipped, closed = run(main())
    assert skipped == 5
    # Two at a time are the program's own fault.
    assert closed.matches(Gio.io_error_quark(), Gio.IOErrorEnum.PENDING)


def test_a_call_that_waits_is_cancelled(run, ended):
    async def main():
        stream = Stream()
        await leave_skip(stream)
        task = asyncio.create_task(skip(stream))
        await ended.until()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() and stream.has_pending()
        stream.let_end()
        await close(stream)
        return stream.is_closed()

    assert run(main())


def test_a_stream_is_closed_when_its_task_is_cancelled(run):
    """The usual clean-up: it waits until what was cancelled has ended."""
    async def main():
        stream = Stream()
        order = Collected()

        async def use():
            try:
                await skip(stream)
            except asyncio.CancelledError:
                order.append("cancelled")
                raise
            finally:
                await close(stream)
                order.append("closed")

        task = asyncio.create_task(use())
        await stream.until_begun()
        task.cancel()
        await order.until()
        stream.let_end()
        await asyncio.wait([task])
        assert task.cancelled()
        return order

    assert run(main()) == ["cancelled", "closed"]


def test_an_operation_that_ends_after_the_run(run, ended):
    streams = []

    async def main():
        streams.append(Stream())
        await leave_skip(streams[0])

    run(main())
    assert ended == []
    streams[0].let_end()
    support.Rescue().until(lambda: ended)
    assert not streams[0].has_pending()


def test_an_operation_when_the_run_ends(run, ended):
    """It is waited for, as all is that is shut down then."""
    async def main():
        stream = Stream()
        # The cancellation has come, and waits.
        stream.on_cancelled = stream.let_end
        AioGuest.spawn(skip(stream))
        await stream.until_begun()

    run(main())
    assert ended == ["Stream"]
