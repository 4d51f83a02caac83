# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses of the functions that are called inside of a run, and refuse to be outside."""

import asyncio

from gi.repository import AioGuest, Gio, GLib

from collected import Collected
from support import in_host

from .table import end_by_error, refused, use_of, work


@use_of("describe")
async def describe():
    text = AioGuest.describe()
    assert "going on in this process" in text
    await in_host(AioGuest.describe)
    await asyncio.to_thread(AioGuest.describe)
    with refused(TypeError):
        AioGuest.describe(1)


@use_of("get_run")
async def get_run():
    run = AioGuest.get_run()
    assert run is AioGuest.get_run(run.loop) is AioGuest.get_run(run.main_task)
    assert await in_host(AioGuest.get_run) is run
    with refused(TypeError):
        AioGuest.get_run(5)
    loop = asyncio.SelectorEventLoop()
    loop.close()
    with refused(RuntimeError):
        AioGuest.get_run(loop)


@use_of("describe", "get_run", "wait", "spawn", "handler", "call")
def without_a_run():
    assert AioGuest.describe()
    with refused(RuntimeError):
        AioGuest.get_run()
    with refused(RuntimeError):
        AioGuest.wait(work())
    with refused(RuntimeError):
        AioGuest.spawn(work())
    with refused(RuntimeError):
        AioGuest.handler(work)()
    with refused(RuntimeError):
        AioGuest.call(Gio.File.new_for_path("/").read_async, GLib.PRIORITY_DEFAULT).send(None)


# wait()


@use_of("wait", each=["host", "task"])
async def wait(place):
    loop = asyncio.get_running_loop()

    def waits():
        assert AioGuest.wait(asyncio.sleep(0, "result")) == "result"
        assert AioGuest.wait(asyncio.sleep(0, 1), timeout=60) == 1
        with refused(LookupError):
            AioGuest.wait(end_by_error())
        with refused(TimeoutError):
            AioGuest.wait(asyncio.sleep(60), timeout=0.0001)
        future = loop.create_future()
        loop.call_soon(future.cancel)
        with refused(asyncio.CancelledError):
            AioGuest.wait(future)
        loop.call_soon(AioGuest.wait, asyncio.sleep(0))
        AioGuest.wait(asyncio.sleep(0))
        for wrong in None, 5, asyncio.current_task() or "text":
            with refused((TypeError, RuntimeError)):
                AioGuest.wait(wrong)

    if place == "host":
        await in_host(waits)
    else:
        waits()


@use_of("wait")
async def wait_in_a_task_that_is_cancelled():
    async def waiting():
        task = asyncio.current_task()
        asyncio.get_running_loop().call_soon(lambda: task.cancel())
        AioGuest.wait(asyncio.sleep(60))

    with refused(asyncio.CancelledError):
        await asyncio.create_task(waiting())
    with refused(TimeoutError):
        async with asyncio.timeout(0.0001):
            AioGuest.wait(asyncio.sleep(60))


@use_of("wait", each=["host", "task"])
async def nested_main_loop(place):
    def nest():
        main_loop = GLib.MainLoop()

        async def quit():
            await asyncio.sleep(0)
            main_loop.quit()

        task = asyncio.ensure_future(quit(), loop=loop)
        main_loop.run()
        assert task.done()

    loop = asyncio.get_running_loop()
    if place == "host":
        await in_host(nest)
    else:
        nest()


# spawn() and handler()


@use_of("spawn", each=[False, True])
async def spawn(eager):
    reports = Collected()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: reports.append(context))
    assert await AioGuest.spawn(asyncio.sleep(0, 1), name="by name", eager=eager) == 1
    AioGuest.spawn(end_by_error(), eager=eager)
    task = AioGuest.spawn(asyncio.sleep(60), eager=eager)
    task.cancel()
    await asyncio.wait([task])
    await reports.until()
    loop.set_exception_handler(None)
    for wrong in None, work:
        with refused(TypeError):
            AioGuest.spawn(wrong)


@use_of("spawn", "handler", each=["spawn", "eager", "handler"])
async def until(way):
    action = Gio.SimpleAction.new("action", None)
    until = action, "activate"
    if way == "handler":
        begin = AioGuest.handler(asyncio.Event().wait, until=until)
        begin()
        (task,) = begin.tasks()
        assert begin.is_running()
    else:
        task = AioGuest.spawn(asyncio.sleep(60), until=until, eager=way == "eager")
    await asyncio.sleep(0)
    action.activate(None)
    with refused(asyncio.CancelledError):
        await task
    with refused(TypeError):
        AioGuest.spawn(work(), until="activate")
    with refused(TypeError):
        AioGuest.spawn(work(), until=(action, "no-such-signal"))
    with refused(TypeError):
        AioGuest.handler(work, until="activate")()
    assert await AioGuest.spawn(asyncio.sleep(0, 1), until=until) == 1


@use_of("handler")
async def handler_that_is_cancelled():
    handler = AioGuest.handler(asyncio.Event().wait)
    handler()
    tasks = handler.tasks()
    handler.cancel()
    await asyncio.wait(tasks)


@use_of("handler", each=["run", "drop", "queue", "restart"])
async def handler(policy):
    action = Gio.SimpleAction.new("action", None)
    gate = asyncio.Event()
    ended = Collected()

    async def on_activate(action, parameter):
        try:
            await gate.wait()
        finally:
            ended.append(action)

    for eager in True, False:
        ended.clear()
        gate.clear()
        number = action.connect("activate", AioGuest.handler(
            on_activate, while_running=policy, eager=eager, returns=lambda *args: None
        ))
        for _ in range(3):
            action.activate(None)
        await asyncio.sleep(0)
        gate.set()
        expected = {"run": 3, "drop": 1, "queue": 3, "restart": 1 + eager}[policy]
        await ended.reaches(expected)
        action.disconnect(number)


@use_of("handler")
async def handler_that_fails():
    reports = Collected()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: reports.append(context))
    AioGuest.handler(end_by_error)()
    AioGuest.handler(returns=5, while_running="queue")(end_by_error)()
    await reports.reaches(2)
    loop.set_exception_handler(None)
    with refused(TypeError):
        AioGuest.handler(print)
    with refused(ValueError):
        AioGuest.handler(work, while_running="sometimes")
    with refused(TypeError):
        AioGuest.handler(work)(5)


# Signals


#: An object that outlives what is connected to it.
LASTING = Gio.SimpleAction.new("lasting", None)


@use_of("signals", "signals.aclose", each=["drop-oldest", "drop-newest", "raise"])
async def signals(when_full):
    action = Gio.SimpleAction.new("action", None)
    async with AioGuest.signals(action, "activate", maxsize=2, when_full=when_full) as emissions:
        for _ in range(3):
            action.activate(None)
        assert [await anext(emissions), await anext(emissions)] == [(None,), (None,)]
        if when_full == "raise":
            with refused(asyncio.QueueFull):
                await anext(emissions)
        asyncio.get_running_loop().call_soon(action.activate, None)
        await anext(emissions)
        task = asyncio.create_task(anext(emissions))
        await asyncio.sleep(0)
        with refused(RuntimeError):
            await anext(emissions)
        task.cancel()
        with refused(asyncio.CancelledError):
            await task
    with refused(StopAsyncIteration):
        await anext(emissions)


@use_of("signals", "signals.aclose")
async def signals_ended():
    action = Gio.SimpleAction.new("action", None)
    # Dropped, closed, and by the end of the object.
    AioGuest.signals(action, "activate", returns=lambda *args: None)
    emissions = AioGuest.signals(action, "activate")
    await emissions.aclose()
    emissions = AioGuest.signals(action, "activate")
    del action
    async for _ in emissions:
        raise AssertionError
    await emissions.aclose()


@use_of("signals")
def signals_outside_of_a_run():
    emissions = AioGuest.signals(LASTING, "activate")
    LASTING.activate(None)
    del emissions
    with refused(TypeError):
        AioGuest.signals(5, "activate")
    with refused(TypeError):
        AioGuest.signals(LASTING, "no-such-signal")
    for wrong in {"maxsize": 0}, {"when_full": "never"}:
        with refused(ValueError):
            AioGuest.signals(LASTING, "activate", **wrong)


@use_of("wait_signal")
async def wait_signal():
    loop = asyncio.get_running_loop()
    loop.call_soon(LASTING.activate, None)
    assert await AioGuest.wait_signal(LASTING, "activate", 60, returns=None) == (None,)
    with refused(TimeoutError):
        await AioGuest.wait_signal(LASTING, "activate", 0.0001)
    with refused(TypeError):
        await AioGuest.wait_signal(LASTING, "no-such-signal")
    with refused(TypeError):
        await AioGuest.wait_signal(5, "activate")
    task = asyncio.create_task(AioGuest.wait_signal(LASTING, "activate"))
    await asyncio.sleep(0)
    task.cancel()
    with refused(asyncio.CancelledError):
        await task
    loop.call_soon(LASTING.activate, None)
    assert await AioGuest.wait_signal(LASTING, "activate", predicate=lambda parameter: True) == (None,)
    loop.call_soon(LASTING.activate, None)
    with refused(ZeroDivisionError):
        await AioGuest.wait_signal(LASTING, "activate", predicate=lambda parameter: 1 / 0)


@use_of("wait_until")
async def wait_until():
    loop = asyncio.get_running_loop()
    count = iter(range(3))
    for _ in range(2):
        loop.call_soon(LASTING.activate, None)
    assert await AioGuest.wait_until(LASTING, "activate", lambda action: next(count) == 1)
    with refused(TimeoutError):
        await AioGuest.wait_until(LASTING, "activate", lambda action: False, timeout=0.0001)
    with refused(ZeroDivisionError):
        await AioGuest.wait_until(LASTING, "activate", lambda action: 1 / 0)
    with refused(TypeError):
        await AioGuest.wait_until(LASTING, "no-such-signal", bool)


# call()


@use_of("choose")
async def choose():
    file = Gio.File.new_for_path("/")
    with refused(GLib.Error):
        await AioGuest.choose(file.read_async, GLib.PRIORITY_DEFAULT)
    with refused(TypeError):
        await AioGuest.choose(print)


@use_of("call")
async def call():
    file = Gio.File.new_for_path("/")
    arguments = "standard::type", Gio.FileQueryInfoFlags.NONE, GLib.PRIORITY_DEFAULT
    info = await AioGuest.call(file.query_info_async, *arguments)
    assert info.get_file_type() == Gio.FileType.DIRECTORY
    with refused(GLib.Error):
        await AioGuest.call(file.read_async, GLib.PRIORITY_DEFAULT)
    with refused(TypeError):
        await AioGuest.call(print)
    with refused(TypeError):
        await AioGuest.call(file.get_path)
    with refused(TypeError):
        await AioGuest.call(file.query_info_async, "too few")


@use_of("call")
async def call_cancelled():
    file = Gio.File.new_for_path("/")
    arguments = "standard::type", Gio.FileQueryInfoFlags.NONE, GLib.PRIORITY_DEFAULT
    task = asyncio.create_task(AioGuest.call(file.query_info_async, *arguments))
    await asyncio.sleep(0)
    task.cancel()
    with refused(asyncio.CancelledError):
        await task
