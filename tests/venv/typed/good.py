# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program with every public name of AioGuest: type checkers find nothing wrong with it."""

import asyncio
from collections.abc import Callable
from typing import Any, assert_type

import gi

gi.require_versions({'AioGuest': '1.0', 'Gio': '2.0'})
from gi.repository import AioGuest, Gio, GLib, GObject  # noqa: E402


async def main() -> int:
    await asyncio.sleep(0)
    return 42


def on_done(task: asyncio.Task[int]) -> None:
    print(task.result())


def start_and_run(app: Gio.Application) -> None:
    assert_type(AioGuest.start(main()), asyncio.Task[int])
    AioGuest.start(
        main(), done_callback=on_done, debug=True, loop_factory=AioGuest.EventLoop, context=None,
        main_context=GLib.MainContext(), priority=GLib.PRIORITY_DEFAULT, slice_us=500, application=app,
        shutdown_timeout=None, name='main', nested='rest')
    assert_type(AioGuest.run(main()), int)
    status: int = AioGuest.run(app)
    status += AioGuest.run(app, ['program'], main=main, shutdown_timeout=1)


def loops(context: GLib.MainContext) -> None:
    loop = AioGuest.EventLoop(main_context=context, nested='run')
    loop.add_signal_handler(15, print, 'terminated')
    assert_type(loop.remove_signal_handler(15), bool)
    loop.close()
    with asyncio.Runner(loop_factory=AioGuest.EventLoop) as runner:
        assert_type(runner.run(main()), int)


@AioGuest.handler
async def on_clicked(button: str) -> None:
    await asyncio.sleep(1)


@AioGuest.handler(while_running='drop', eager=False)
async def on_activate(app: int, name: str) -> int:
    return 1


@AioGuest.handler(returns=True, while_running='queue')
async def on_close(window: str) -> None:
    await asyncio.sleep(1)


@AioGuest.handler(until='unrealize')
async def on_long(window: str) -> None:
    await asyncio.sleep(1)


def is_printable(key: int) -> bool:
    return key > 31


async def on_key(key: int) -> None:
    await asyncio.sleep(1)


class Window:
    @AioGuest.handler(while_running='restart')
    async def on_search(self, text: str) -> None:
        await asyncio.sleep(1)


def handlers(window: Window) -> None:
    plain: Callable[[str], None] = on_clicked
    plain('button')
    on_activate(1, 'name')
    assert_type(on_close('window'), bool)
    assert_type(AioGuest.handler(on_key, returns=is_printable)(32), bool)
    window.on_search('text')
    on_clicked.cancel('button')
    on_clicked.cancel()
    assert_type(on_clicked.is_running('button') or on_clicked.is_running(), bool)
    assert_type(on_clicked.tasks('button') + on_clicked.tasks(), list[asyncio.Task[Any]])
    window.on_search.cancel()
    assert_type(window.on_search.is_running(), bool)
    assert_type(window.on_search.tasks(), list[asyncio.Task[Any]])
    Window.on_search.cancel(window)


def is_ready(obj: GObject.Object) -> bool:
    return True


async def tasks(stream: Gio.InputStream, obj: GObject.Object) -> None:
    assert_type(AioGuest.spawn(main(), name='name', eager=True), asyncio.Task[int])
    assert_type(AioGuest.spawn(main(), until=(obj, 'notify')), asyncio.Task[int])
    AioGuest.handler(on_key, until=(obj, 'notify'))(32)
    assert_type(AioGuest.wait(main(), 1.5), int)
    assert_type(AioGuest.wait(asyncio.get_running_loop().create_future()), Any)
    data = await AioGuest.call(stream.read_bytes_async, 100, GLib.PRIORITY_DEFAULT)
    print(data.get_size())
    file = await AioGuest.choose(stream.read_bytes_async, 100, GLib.PRIORITY_DEFAULT)
    print(file)
    assert_type(await AioGuest.wait_signal(obj, 'notify', 5, returns=True), tuple[Any, ...])
    await AioGuest.wait_signal(obj, 'notify', predicate=lambda pspec: pspec.name == 'title')
    assert_type(await AioGuest.wait_until(obj, 'notify', is_ready, timeout=5), bool)
    async with AioGuest.signals(obj, 'notify', maxsize=1, when_full='raise', returns=None) as emissions:
        async for arguments in emissions:
            assert_type(arguments, tuple[Any, ...])
    await emissions.aclose()


def runs(run: AioGuest.Run) -> None:
    assert_type(AioGuest.get_run(), AioGuest.Run)
    assert_type(AioGuest.get_run(asyncio.new_event_loop()), AioGuest.Run)
    assert_type(run.loop, asyncio.AbstractEventLoop | None)
    assert_type(run.main_task, asyncio.Task[Any] | None)
    assert_type(run.get_poller().get_mode(), AioGuest.PollMode)
    print(run.get_state() == AioGuest.RunState.FINISHED)
    assert_type(run.get_ticks() + run.get_busy_time() + run.get_longest_tick(), int)
    assert_type(run.get_deferred_slices(), int)
    run.set_name(run.get_name())
    run.set_priority(run.get_priority())
    run.set_slice(run.get_slice() + AioGuest.DEFAULT_SLICE)
    run.set_period(run.get_period())
    run.set_reentrant(run.get_reentrant())
    assert_type(run.restart_slice(), int)
    run.props.name = 'name'
    run.props.priority = run.props.slice = run.props.period = 1
    run.props.reentrant = False
    assert_type(run.props.state, AioGuest.RunState)
    assert_type(run.props.poll_mode, AioGuest.PollMode)
    print(run.props.ticks + run.props.busy_time + run.props.longest_tick + run.props.deferred_slices)
    run.connect('finished', print)
    run.wake()
    run.stop()
    assert_type(AioGuest.describe(), str)


def guest(fd: int) -> None:
    """Of a loop that is not asyncio."""
    poller = AioGuest.Poller.new(fd, AioGuest.PollMode.AUTO)
    assert_type(poller.get_fd(), int)
    assert_type(poller.watch(fd, GLib.IOCondition.IN), bool)
    assert_type(poller.unwatch(fd), bool)

    def tick(run: AioGuest.Run) -> tuple[AioGuest.Tick, int]:
        return AioGuest.Tick.WAIT, -1

    run = AioGuest.Run.new(poller, tick)
    AioGuest.source_new(run).attach(None)
    try:
        run.attach(None)
    except GLib.Error as error:
        if error.matches(AioGuest.error_quark(), AioGuest.Error.WRONG_STATE):
            print(run.get_error(), run.get_main_context(), run.get_poll_mode())
    pump = AioGuest.Pump.new(GLib.MainContext())
    assert_type(pump.get_main_context(), GLib.MainContext)
    assert_type(pump.get_fd(), int)
    print(pump.dispatch() == AioGuest.PumpResult.AGAIN, AioGuest.PumpResult.WAIT)
    assert_type(pump.start_thread(print, 'notified'), bool)
    pump.destroy()
    print(AioGuest.Error.FAILED, AioGuest.Error.NOT_POLLABLE, AioGuest.Error.WRONG_THREAD,
          AioGuest.Error.ABANDONED, AioGuest.Error.SYSTEM)
    print(AioGuest.PollMode.DIRECT, AioGuest.PollMode.THREAD)
    print(AioGuest.RunState.NEW, AioGuest.RunState.RUNNING)
    print(AioGuest.Tick.FAILED, AioGuest.Tick.AGAIN, AioGuest.Tick.FINISHED, AioGuest.Tick.REST)
    print(AioGuest.MAJOR_VERSION, AioGuest.MINOR_VERSION, AioGuest.MICRO_VERSION, AioGuest.VERSION_S)
