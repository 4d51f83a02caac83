# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs bound to a Gio.Application."""

import asyncio
import gc
import inspect
import os
import signal

import pytest
from gi.repository import AioGuest, Gio, GLib

import support


def application(name="org.example.Bound"):
    app = Gio.Application(application_id=name, flags=Gio.ApplicationFlags.NON_UNIQUE)
    app.connect("activate", lambda app: None)
    return app


def test_run_application():
    order = []
    app = application()
    app.connect("startup", lambda app: order.append("startup"))
    app.connect("shutdown", lambda app: order.append("shutdown"))

    async def main():
        order.append("main")
        await asyncio.sleep(0.01)
        order.append("main over")

    assert AioGuest.run(app, main=main, debug=False) == 0
    # The application was held for as long as main took.
    assert order == ["startup", "main", "main over", "shutdown"]


def test_run_application_with_arguments():
    seen = []
    app = Gio.Application(
        application_id="org.example.Arguments",
        flags=Gio.ApplicationFlags.NON_UNIQUE | Gio.ApplicationFlags.HANDLES_COMMAND_LINE,
    )

    def command_line(app, line):
        seen.extend(line.get_arguments())
        return 0

    app.connect("command-line", command_line)

    async def main():
        await asyncio.sleep(0.01)

    assert AioGuest.run(app, ["program", "one", "two"], main=main, debug=False) == 0
    assert seen == ["program", "one", "two"]


def test_quit_cancels_and_drains():
    order = []
    app = application()

    async def main():
        asyncio.get_running_loop().call_later(0.01, app.quit)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            order.append("drained")

    AioGuest.run(app, main=main, debug=False)
    order.append("returned")
    assert order == ["drained", "returned"]


async def wait_in_host(function):
    GLib.idle_add(function)
    await asyncio.Event().wait()


async def wait_in_main_task(function):
    # Not in the step in which the application starts.
    await asyncio.sleep(0.001)
    function()
    await asyncio.Event().wait()


async def wait_in_task(function):
    asyncio.create_task(wait_in_main_task(function))
    await asyncio.Event().wait()


@pytest.mark.parametrize("place", [wait_in_host, wait_in_main_task, wait_in_task])
@pytest.mark.parametrize("cancels", [False, True])
def test_quit_during_wait(place, cancels):
    """The application's main loop ends when those in it have; to cancel the main task ends waits."""
    order = []
    app = application()
    app.connect("shutdown", lambda app: order.append("shutdown"))

    async def awaited():
        await quitting.wait()
        if cancels:
            await asyncio.Event().wait()
        await asyncio.sleep(0.05)
        return "result"

    def wait():
        try:
            order.append(AioGuest.wait(awaited()))
        except asyncio.CancelledError:
            order.append("cancelled")
            raise

    def in_host():
        try:
            wait()
        except asyncio.CancelledError:
            pass

    async def main():
        nonlocal quitting
        quitting = asyncio.Event()
        this = asyncio.current_task()

        def quit_():
            quitting.set()
            if cancels:
                this.cancel()
            app.quit()

        GLib.timeout_add(30, quit_)
        await place(in_host if place is wait_in_host else wait)

    quitting = None
    AioGuest.run(app, main=main, debug=False)
    assert order == ["cancelled" if cancels else "result", "shutdown"]


def test_second_end_does_not_cancel_the_clean_up():
    """The application quits, and is told to terminate while the main task tidies up."""
    app = application()
    order = []

    async def main():
        asyncio.get_running_loop().call_soon(app.quit)
        try:
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.01)
            order.append("drained")

    AioGuest.run(app, main=main, debug=False)
    assert order == ["drained"]


def test_sigterm_when_the_main_task_has_ended():
    """What is left is cleaned up, then the application quits."""
    app = application()
    app.hold()
    order = []

    async def clean_up():
        try:
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.01)
            order.append("cleaned up")

    async def main():
        AioGuest.spawn(clean_up(), eager=True)

    assert AioGuest.run(app, main=main, debug=False) == 128 + signal.SIGTERM
    assert order == ["cleaned up"]


def test_main_task_that_goes_on_is_cancelled_again():
    """It has taken the first request back."""
    app = application()
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(os.kill, os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            asyncio.current_task().uncancel()
            order.append("goes on")
        loop.call_soon(app.quit)
        try:
            await asyncio.Event().wait()
        finally:
            order.append("ends")

    AioGuest.run(app, main=main, debug=False)
    assert order == ["goes on", "ends"]


def test_start_holds_the_application():
    app = application()
    results = []

    async def main():
        await asyncio.sleep(0.02)
        return "held"

    def activate(app):
        support.start(
            main(), application=app, done_callback=lambda task: results.append(task.result())
        )

    app.connect("activate", activate)
    app.run([])
    assert results == ["held"]


def test_create_task_from_activate():
    app = Gio.Application(
        application_id="org.example.Activate", flags=Gio.ApplicationFlags.NON_UNIQUE
    )
    results = []

    over = asyncio.Event()

    async def child():
        await asyncio.sleep(0.001)
        results.append("child")
        over.set()

    async def main():
        await over.wait()

    app.connect("activate", lambda app: results.append(asyncio.create_task(child())))
    AioGuest.run(app, main=main, debug=False)
    assert isinstance(results[0], asyncio.Task)
    assert results[1:] == ["child"]


def test_create_task_after_start_before_run():
    app = application()
    results = []

    async def child():
        await asyncio.sleep(0.001)
        return "child"

    async def main():
        await child_task
        app.release()

    app.hold()
    support.start(main(), done_callback=lambda task: results.append("main"))
    child_task = asyncio.create_task(child())
    assert not child_task.done()
    app.run([])
    support.Rescue().until(lambda: asyncio._get_running_loop() is None)
    assert child_task.result() == "child"
    assert results == ["main"]


def test_exception_of_main_is_raised_or_reported(errors):
    app = application()

    async def main():
        await asyncio.sleep(0)
        raise LookupError("from main")

    try:
        AioGuest.run(app, main=main, debug=False)
    except LookupError:
        assert errors() == []
    else:
        assert [record.exc_info[0] for record in errors()] == [LookupError]


def test_done_callback_of_an_application():
    told = []

    async def main():
        return "result"

    AioGuest.run(application(), main=main, debug=False, done_callback=told.append)
    assert [task.result() for task in told] == ["result"]


def test_run_that_cannot_begin():
    """The application has not begun either."""
    order = []
    app = application()
    app.connect("startup", lambda app: order.append("startup"))

    def factory():
        raise LookupError("no loop")

    async def main():
        order.append("main")

    with pytest.raises(LookupError, match="no loop"):
        AioGuest.run(app, main=main, loop_factory=factory)
    assert order == []


def test_application_that_can_not_be_held(errors):
    """What had begun is undone, without a word: the main task never runs, and another run can begin."""
    order = []

    class Refusing(Gio.Application):
        def hold(self):
            raise LookupError("not to be held")

    async def main(name):
        order.append(name)

    coro = main("refused")
    app = Refusing(flags=Gio.ApplicationFlags.NON_UNIQUE)
    app.register()
    with pytest.raises(LookupError, match="not to be held"):
        AioGuest.start(coro, application=app, debug=False, done_callback=order.append)
    assert inspect.getcoroutinestate(coro) == inspect.CORO_CLOSED
    gc.collect()
    assert errors() == []
    support.run_owning(main("next"))
    assert order == ["next"]


def test_application_that_does_not_start(capfd):
    """Its command line is wrong: the status is its, and there is no main task."""
    order = []

    async def main():
        order.append("main")

    assert AioGuest.run(application(), ["program", "--wrong-option"], main=main) == 1
    assert "--wrong-option" in capfd.readouterr().err
    assert order == []


@pytest.mark.filterwarnings("ignore:AioGuest gave up:ResourceWarning")
def test_main_task_given_up_has_no_result():
    """It owns the thread, and goes on after the application that it is bound to has gone."""
    app = application()

    async def main():
        GLib.idle_add(lambda: app.run([]) and False)
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass

    app.connect("activate", lambda app: app.quit())
    with pytest.raises(RuntimeError, match="given up"):
        support.run_owning(main(), application=app, shutdown_timeout=0.01)


@pytest.mark.parametrize("main", [5, "main"])
def test_main_must_be_a_function(main):
    with pytest.raises(TypeError, match="main"):
        AioGuest.run(application(), main=main)


def test_main_must_be_asynchronous():
    def main():
        return 5

    with pytest.raises(TypeError, match="main"):
        AioGuest.run(application(), main=main)


def test_idle_callbacks_of_the_application_run():
    app = application()
    seen = []

    async def main():
        over = asyncio.Event()
        GLib.idle_add(lambda: (seen.append("idle"), over.set()) and None)
        await over.wait()
        seen.append("main")

    AioGuest.run(app, main=main, debug=False)
    assert seen == ["idle", "main"]
