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
    """It has taken the first request back: the application goes on, too."""
    app = application()
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(os.kill, os.getpid(), signal.SIGINT)
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

    with pytest.raises(KeyboardInterrupt):
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


def test_first_step_at_startup():
    """Of a coroutine that was started before; what the application does next comes after it."""
    order = []
    app = application()
    app.connect("startup", lambda app: order.append("startup"))
    app.connect("activate", lambda app: order.append("activate"))

    async def main():
        order.append("first step")
        await asyncio.sleep(0)
        order.append("second step")

    support.start(main(), application=app)
    assert order == []
    assert app.run([]) == 0
    assert order == ["startup", "first step", "activate", "second step"]


def test_first_step_that_has_been_taken():
    """Somebody has iterated the main context before the application started."""
    order = []
    app = application()

    async def main():
        order.append("first step")
        await going_on.wait()

    going_on = asyncio.Event()
    support.start(main(), application=app)
    while not order:
        GLib.MainContext.default().iteration(True)
    app.connect("activate", lambda app: going_on.set())
    assert app.run([]) == 0
    assert order == ["first step"]


@pytest.mark.parametrize("error", [LookupError, SystemExit, KeyboardInterrupt])
def test_error_of_the_first_step(error):
    """Everything is drained, the application quits, and it is raised."""
    order = []
    app = application()
    app.hold()
    app.connect("activate", lambda app: order.append("activate"))
    app.connect("shutdown", lambda app: order.append("shutdown"))

    async def child():
        try:
            await asyncio.Event().wait()
        finally:
            order.append("child")

    async def main():
        AioGuest.spawn(child(), eager=True)
        raise error("in the first step")

    with pytest.raises(error, match="in the first step"):
        AioGuest.run(app, main=main, debug=False)
    assert order == ["activate", "child", "shutdown"]


def test_task_factory_that_refuses_the_main_task():
    app = application()

    def refuse(loop, coro, **options):
        coro.close()
        raise LookupError("refused")

    def factory():
        loop = AioGuest.EventLoop()
        loop.set_task_factory(refuse)
        return loop

    async def main():
        raise AssertionError("it began")

    with pytest.raises(LookupError, match="refused"):
        AioGuest.run(app, main=main, loop_factory=factory, debug=False)


def test_without_main():
    """asyncio goes on as long as the application."""
    order = []
    app = application()
    app.hold()

    async def work():
        try:
            await asyncio.sleep(0.001)
            GLib.idle_add(lambda: app.release())
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.001)
            order.append("cleaned up")

    app.connect("startup", lambda app: AioGuest.spawn(work()))
    assert AioGuest.run(app, debug=False) == 0
    assert order == ["cleaned up"]


def test_without_main_stopped():
    """Its loop is, by a task: nothing else would end it."""
    app = application()
    app.hold()
    app.connect("activate", lambda app: asyncio.get_running_loop().call_soon(stop))

    def stop():
        asyncio.get_running_loop().stop()

    with pytest.raises(RuntimeError, match="stopped"):
        AioGuest.run(app, debug=False)


def test_application_registered_before():
    app = application()
    order = []
    app.register()
    app.connect("activate", lambda app: order.append("activate"))

    async def main():
        order.append("first step")
        await asyncio.sleep(0.001)
        order.append("main")

    assert AioGuest.run(app, main=main, debug=False) == 0
    assert order == ["first step", "activate", "main"]


def test_second_run_of_an_application():
    """GLib would crash."""
    app = application()

    async def main():
        pass

    assert AioGuest.run(app, main=main, debug=False) == 0
    with pytest.raises(RuntimeError, match="has been run before"):
        AioGuest.run(app, main=main, debug=False)


def test_main_begins_anew_at_an_activation():
    """The application has gone on by a hold of its own when the main task was over."""
    app = Gio.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
    app.hold()
    order = []

    async def main():
        order.append("main")
        if len(order) > 1:
            app.release()

    def on_done(task):
        order.append("over")
        if len(order) == 2:
            GLib.idle_add(lambda: app.activate())

    AioGuest.run(app, main=main, done_callback=on_done, debug=False)
    assert order == ["main", "over", "main", "over"]


def test_main_begins_anew_after_the_drain():
    """The activation has come while the first one was drained."""
    app = Gio.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
    app.hold()
    order = []

    async def child():
        try:
            await asyncio.Event().wait()
        finally:
            app.activate()
            await asyncio.sleep(0.001)
            order.append("drained")

    async def main():
        order.append("main")
        if len(order) == 1:
            AioGuest.spawn(child(), eager=True)
        else:
            app.release()

    AioGuest.run(app, main=main, debug=False)
    assert order == ["main", "drained", "main"]


@pytest.mark.filterwarnings("always:AioGuest gave up:ResourceWarning")
def test_main_task_that_swallows_its_cancellation(recwarn):
    """It is given up in time, with one warning; the status is the application's."""
    app = application()

    async def main():
        GLib.idle_add(lambda: app.quit())
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass

    assert AioGuest.run(app, main=main, shutdown_timeout=0.01, debug=False) == 0
    (warning,) = recwarn
    assert "main()" in str(warning.message)
    assert "test_application.py" in str(warning.message).rpartition("it is at")[2]


def test_application_is_not_held_for_nothing():
    """Without a main task its end is its own."""
    app = application()
    order = []
    app.connect("shutdown", lambda app: order.append("shutdown"))
    assert AioGuest.run(app, debug=False) == 0
    assert order == ["shutdown"]


def test_main_that_returns_at_once():
    """The activation of the launch itself does not begin it anew."""
    app = Gio.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
    order = []

    async def main():
        order.append("main")

    AioGuest.run(app, main=main, debug=False)
    assert order == ["main"]


class WithWindow(Gio.Application):
    """What Gtk.Application has of it."""

    def __init__(self):
        super().__init__(flags=Gio.ApplicationFlags.NON_UNIQUE)
        self.order = []

    def get_active_window(self):
        return self

    def get_windows(self):
        return []

    def present(self):
        self.order.append("present")


class WithActivate(WithWindow):
    def do_activate(self):
        self.order.append("activate")


class WithInherited(WithActivate):
    pass


@pytest.mark.parametrize("kind, expected", [
    (WithWindow, "present"), (WithActivate, "activate"), (WithInherited, "activate"),
])
@pytest.mark.parametrize("way", ["run", "start"])
def test_active_window_is_presented(kind, expected, way):
    """Where the program has no handler of its own."""
    app = kind()

    async def main():
        await asyncio.sleep(0.001)
        app.activate()

    if way == "run":
        AioGuest.run(app, main=main, debug=False)
    else:
        support.start(main(), application=app)
        app.run([])
    assert app.order == [expected] * 2


@pytest.mark.parametrize("connects", [Gio.Application.connect, Gio.Application.connect_after])
def test_active_window_is_not_presented_beside_a_handler(connects):
    """Whenever it was connected."""
    app = WithWindow()

    async def main():
        connects(app, "activate", lambda app: app.order.append("handler"))
        await asyncio.sleep(0.001)
        app.activate()

    AioGuest.run(app, main=main, debug=False)
    assert app.order == ["handler"] * 2


def test_application_run_inside_a_step_of_the_main_task():
    # At its ::shutdown the run was to end, and waited for that very step.
    application = Gio.Application()
    application.connect("activate", lambda application: application.quit())
    order = []

    async def main():
        order.append(application.run(None))
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            order.append("cancelled")
            raise

    with pytest.raises(asyncio.CancelledError):
        support.run_owning(main(), application=application)
    assert order == [0, "cancelled"]
