# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the exception handler is told is what asyncio's own loop tells.

Each scenario runs once under asyncio.run() and once in a guest run; what the
handler gets must agree, but for the frame of Handle._run in tracebacks.
"""

import asyncio
import contextvars
import gc
import os
import re
import traceback

import pytest

import support


def describe(value):
    if isinstance(value, BaseException):
        frames = [
            (frame.f_code.co_name, line)
            for frame, line in traceback.walk_tb(value.__traceback__)
            if frame.f_code.co_name not in ("_run", "_run_once")
        ]
        context = value.__context__
        return (type(value), normal(str(value)), frames, type(context) if context else None)
    # Not the class itself: a scenario may define its own anew.
    return type(value).__qualname__


def normal(text):
    return re.sub(r"0x[0-9a-f]+|Task-\d+|fd=\d+|port=\d+", "N", text)


def record(run, scenario, debug):
    """Run a scenario; return its reports in a comparable form."""
    reports = []

    def handler(loop, context):
        reports.append(
            (
                normal(context["message"]),
                {key: describe(value) for key, value in context.items() if key != "message"},
            )
        )

    async def main():
        asyncio.get_running_loop().set_exception_handler(handler)
        await scenario()

    run(main(), debug=debug)
    gc.collect()
    return reports


def fail(*args):
    raise LookupError("failure")


async def turns(count=3):
    for _ in range(count):
        await asyncio.sleep(0)


async def callback():
    asyncio.get_running_loop().call_soon(fail)
    await turns()


async def callback_with_arguments():
    asyncio.get_running_loop().call_soon(fail, 1, "two")
    await turns()


async def built_in_callback():
    asyncio.get_running_loop().call_soon(int, "not a number")
    await turns()


async def callback_with_wrong_arguments():
    asyncio.get_running_loop().call_soon([].append, 1, 2)
    await turns()


async def threadsafe_callback():
    asyncio.get_running_loop().call_soon_threadsafe(fail)
    await turns()


async def timer():
    asyncio.get_running_loop().call_later(0.001, fail)
    await asyncio.sleep(0.01)


async def several_callbacks():
    loop = asyncio.get_running_loop()
    ran = []
    for number in range(3):
        loop.call_soon(fail, number)
        loop.call_soon(ran.append, number)
    await turns()
    assert ran == [0, 1, 2]


async def callback_while_handling():
    try:
        raise ValueError("being handled")
    except ValueError:
        asyncio.get_running_loop().call_soon(fail)
        await turns()


async def reader():
    loop = asyncio.get_running_loop()
    read_fd, write_fd = os.pipe()

    def readable():
        loop.remove_reader(read_fd)
        fail()

    loop.add_reader(read_fd, readable)
    os.write(write_fd, b"x")
    await asyncio.sleep(0.01)
    os.close(read_fd)
    os.close(write_fd)


async def writer():
    loop = asyncio.get_running_loop()
    read_fd, write_fd = os.pipe()

    def writable():
        loop.remove_writer(write_fd)
        fail()

    loop.add_writer(write_fd, writable)
    await asyncio.sleep(0.01)
    os.close(read_fd)
    os.close(write_fd)


async def task_never_retrieved():
    async def child():
        await asyncio.sleep(0)
        fail()

    task = asyncio.create_task(child())
    await turns()
    assert task.done()
    del task
    gc.collect()
    await turns()


async def future_never_retrieved():
    future = asyncio.get_running_loop().create_future()
    future.set_exception(LookupError("set by hand"))
    del future
    gc.collect()
    await turns()


async def pending_task_destroyed():
    async def child():
        await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(child())
    await turns()
    # Nothing else holds the future that it waits for.
    del task
    gc.collect()
    await turns()


async def done_callback():
    future = asyncio.get_running_loop().create_future()
    future.add_done_callback(fail)
    future.set_result(None)
    await turns()


async def protocol():
    class Protocol(asyncio.Protocol):
        def data_received(self, data):
            received.set_result(None)
            fail()

    loop = asyncio.get_running_loop()
    received = loop.create_future()
    server = await loop.create_server(Protocol, "127.0.0.1", 0)
    async with server:
        transport, _ = await loop.create_connection(
            asyncio.Protocol, *server.sockets[0].getsockname()
        )
        transport.write(b"x")
        await received
        transport.close()


async def call_exception_handler():
    asyncio.get_running_loop().call_exception_handler(
        {"message": "called by hand", "exception": LookupError("it"), "extra": 1}
    )


SCENARIOS = [
    callback,
    callback_with_arguments,
    built_in_callback,
    callback_with_wrong_arguments,
    threadsafe_callback,
    timer,
    several_callbacks,
    callback_while_handling,
    reader,
    writer,
    task_never_retrieved,
    future_never_retrieved,
    pending_task_destroyed,
    done_callback,
    protocol,
    call_exception_handler,
]


@pytest.mark.parametrize("debug", [False, True], ids=["plain", "debug"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_report(run, scenario, debug):
    expected = record(asyncio.run, scenario, debug)
    assert expected, "the scenario reports nothing"
    assert record(run, scenario, debug) == expected


@pytest.mark.parametrize("debug", [False, True], ids=["plain", "debug"])
def test_context_already_entered(debug, errors, caplog):
    """A callback whose context the program around the loop has entered.

    From Python 3.12 on the handler would be called in that context, too, so that
    there is a line in the log instead.
    """

    def measure(run):
        context = contextvars.copy_context()
        ran = []

        async def scenario():
            asyncio.get_running_loop().call_soon(ran.append, 1, context=context)
            await asyncio.sleep(0.001)

        def inside(coro, **options):
            # The main task gets a context of its own.
            return context.run(run, coro, **options)

        reports = record(inside, scenario, debug)
        # The lines after the first one are the stack, down to the program's own frames.
        log = [
            (normal(entry.getMessage().splitlines()[0]), describe(entry.exc_info[1]))
            for entry in errors()
        ]
        caplog.clear()
        assert ran == []
        return reports, log

    expected = measure(asyncio.run)
    assert "already entered" in str(expected)
    assert measure(support.run_owning) == expected


def test_handler_gets_the_handle_and_loop(run):
    contexts = []

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *args: contexts.append(args))
        handle = loop.call_soon(fail)
        await turns()
        return loop, handle

    loop, handle = run(main())
    assert [(args[0], args[1]["handle"]) for args in contexts] == [(loop, handle)]


def test_handler_that_fails_is_logged_once(run, errors):
    async def main():
        loop = asyncio.get_running_loop()

        def broken(loop, context):
            raise ValueError("the handler itself")

        loop.set_exception_handler(broken)
        loop.call_soon(fail)
        await turns()

    run(main())
    assert [record.exc_info[0] for record in errors()] == [ValueError]
    assert "Unhandled error in exception handler" in errors()[0].getMessage()


def test_default_handler_logs_as_asyncio_does(run, errors, caplog):
    async def main():
        asyncio.get_running_loop().call_soon(fail)
        await turns()

    def messages():
        result = [(normal(record.getMessage()), record.exc_info[0]) for record in errors()]
        caplog.clear()
        return result

    asyncio.run(main(), debug=False)
    expected = messages()
    assert len(expected) == 1
    run(main())
    assert messages() == expected


def test_no_exception_is_being_handled_in_callbacks(run):
    """A callback starts with a clean sys.exc_info(), whatever the one before did."""
    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: None)
        seen = loop.create_future()

        def look():
            try:
                raise KeyError
            except KeyError as error:
                seen.set_result(error.__context__)

        loop.call_soon(fail)
        loop.call_soon(look)
        return await seen

    assert run(main()) is None
