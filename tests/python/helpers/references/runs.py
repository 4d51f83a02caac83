# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses of whole runs."""

import asyncio
import contextvars
import selectors
import signal
import threading

from gi.repository import AioGuest, Gio, GLib

import support

from .table import end_by_error, refused, use_of, work


@use_of("run", "start", each=sorted(support.HOSTS))
def whole_run(host):
    assert support.HOSTS[host](work()) == "done"


async def end_by_cancellation():
    asyncio.current_task().cancel()
    await asyncio.sleep(60)


async def end_by_exit():
    await asyncio.sleep(0)
    raise SystemExit(3)


async def end_by_interrupt():
    loop = asyncio.get_running_loop()
    loop.call_soon(signal.raise_signal, signal.SIGINT)
    await asyncio.sleep(60)


async def end_by_stop():
    asyncio.get_running_loop().stop()
    await asyncio.sleep(60)


async def end_by_error_of_the_loop():
    def fail():
        raise SystemExit

    asyncio.get_running_loop().call_soon(fail)
    await asyncio.sleep(60)


ENDS = {
    "error": (end_by_error, LookupError),
    "cancellation": (end_by_cancellation, asyncio.CancelledError),
    "exit": (end_by_exit, SystemExit),
    "interrupt": (end_by_interrupt, KeyboardInterrupt),
    "stop": (end_by_stop, RuntimeError),
    "callback": (end_by_error_of_the_loop, SystemExit),
}


@use_of("run", each=ENDS)
def run_that_fails(way):
    main, error = ENDS[way]
    with refused(error):
        support.run_owning(main())


@use_of("start", each=["error", "cancellation"])
def start_that_fails(way):
    main, error = ENDS[way]
    with refused(error):
        support.run_by_iteration(main())


@use_of("start")
def start_cancelled_at_once():
    ended = []
    support.start(work(), done_callback=ended.append).cancel()
    while not ended:
        GLib.MainContext.default().iteration(True)
    assert ended[0].cancelled()


#: What makes a value for each option of start().
OPTIONS = {
    "done_callback": lambda: lambda task: None,
    "debug": lambda: True,
    "loop_factory": lambda: asyncio.SelectorEventLoop,
    "context": contextvars.copy_context,
    "main_context": GLib.MainContext,
    "priority": lambda: GLib.PRIORITY_LOW,
    "slice_us": lambda: 500,
    "application": lambda: make_application(),
    "shutdown_timeout": lambda: None,
    "name": lambda: "by name",
    "nested": lambda: "rest",
}


@use_of("run", "start", each=OPTIONS)
def option(name):
    options = {"debug": False, name: OPTIONS[name]()}
    assert AioGuest.run(work(), **options) == "done"


@use_of("run", "start", each=OPTIONS)
def wrong_option(name):
    for function in AioGuest.run, AioGuest.start:
        with refused(TypeError):
            function(work(), **{name: [] if name != "debug" else "yes"})


@use_of("run", "start")
def wrong_arguments_of_a_run():
    for function in AioGuest.run, AioGuest.start:
        for thing in None, work, 5:
            with refused(TypeError):
                function(thing)
        with refused(ValueError):
            function(work(), slice_us=0)
        with refused(ZeroDivisionError):
            function(work(), loop_factory=lambda: 1 / 0)
    with refused(TypeError):
        AioGuest.run(work(), unknown=1)


@use_of("run", "start")
async def second_run():
    for function in AioGuest.run, AioGuest.start:
        with refused(RuntimeError):
            function(work())


@use_of("run", "EventLoop", each=["EpollSelector", "PollSelector", "SelectSelector"])
def run_with_a_selector(name):
    def factory():
        return AioGuest.EventLoop(getattr(selectors, name)())

    assert support.run_owning(work(), loop_factory=factory) == "done"


@use_of("run")
def run_in_a_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(support.run_owning(work())))
    thread.start()
    thread.join()
    assert results == ["done"]


@use_of("run")
def run_with_an_executor():
    async def main():
        return await asyncio.to_thread(str, 5)

    assert support.run_owning(main()) == "5"


@use_of("start")
def run_whose_host_drops_it():
    """It is cleaned up by the next."""
    main_loop = GLib.MainLoop()
    GLib.idle_add(main_loop.quit)
    ended = []
    task = support.start(asyncio.sleep(60), done_callback=ended.append)
    main_loop.run()
    task.cancel()
    while not ended:
        main_loop.get_context().iteration(True)


def make_application():
    return Gio.Application(
        application_id="org.example.References", flags=Gio.ApplicationFlags.NON_UNIQUE
    )


@use_of("run")
def application():
    assert AioGuest.run(make_application(), ["program"], main=work, debug=False) == 0


@use_of("run")
def application_that_quits():
    app = make_application()

    async def main():
        app.quit()
        await asyncio.sleep(60)

    assert AioGuest.run(app, main=main, debug=False) == 0


@use_of("run")
def application_whose_main_fails():
    with refused(LookupError):
        AioGuest.run(make_application(), main=end_by_error, debug=False)


@use_of("run")
def application_wrongly_run():
    app = make_application()
    with refused(TypeError):
        AioGuest.run(app, main=work.__name__)
    with refused(TypeError):
        AioGuest.run(app, main=work, application=make_application())
    with refused(TypeError):
        AioGuest.run(work(), ["argument"])
