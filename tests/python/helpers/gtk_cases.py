# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same cases for GTK 3 and GTK 4, each in a process of its own.

A test module requires one version of the namespace and then imports these.
"""

import asyncio

import pytest
from gi.repository import AioGuest, Gdk, Gio, GLib, Gtk

import support
from collected import Collected

GTK_4 = Gtk.get_major_version() == 4


def application():
    return Gtk.Application(
        application_id="org.example.AioGuest", flags=Gio.ApplicationFlags.NON_UNIQUE
    )


def show(window, child):
    if GTK_4:
        window.set_child(child)
        window.present()
    else:
        window.add(child)
        window.show_all()


def click(button):
    if GTK_4:
        button.emit("clicked")
    else:
        button.clicked()


def test_a_display_is_there():
    assert Gdk.Display.get_default() is not None


def test_create_task_from_clicked():
    app = application()
    order = []

    async def work():
        order.append("task")
        await asyncio.sleep(0.005)
        order.append("awaited")
        app.quit()

    def clicked(button):
        assert asyncio.current_task() is None
        order.append(asyncio.create_task(work()))
        order.append("clicked")

    def activate(app):
        window = Gtk.ApplicationWindow(application=app)
        button = Gtk.Button(label="Start")
        button.connect("clicked", clicked)
        show(window, button)
        GLib.idle_add(click, button)

    async def main():
        await asyncio.Event().wait()

    app.connect("activate", activate)
    AioGuest.run(app, main=main, debug=False)
    assert isinstance(order[0], asyncio.Task)
    assert order[1:] == ["clicked", "task", "awaited"]


def test_start_from_activate():
    app = application()
    results = []

    async def main(window):
        await asyncio.sleep(0.005)
        window.close()
        return "closed by main"

    def activate(app):
        window = Gtk.ApplicationWindow(application=app)
        show(window, Gtk.Label(label="Hello"))
        support.start(main(window), done_callback=lambda task: results.append(task.result()))

    app.connect("activate", activate)
    assert app.run([]) == 0
    support.Rescue().until(lambda: asyncio._get_running_loop() is None)
    assert results == ["closed by main"]


def test_start_before_run():
    app = application()
    order = []

    async def child():
        await asyncio.sleep(0.001)
        order.append("child")

    async def main():
        order.append("main")
        await child_task

    app.connect("activate", lambda app: order.append("activate"))
    support.start(main(), application=app, done_callback=lambda task: order.append("done"))
    child_task = asyncio.create_task(child())
    assert app.run([]) == 0
    assert sorted(order) == ["activate", "child", "done", "main"]
    assert order[-1] == "done"


def test_frames_are_drawn_while_the_guest_floods():
    """A tick callback of a widget goes on beside tasks that never rest."""
    app = application()
    frames = Collected()

    async def flood():
        while True:
            await asyncio.sleep(0)

    async def main(window):
        tasks = [asyncio.create_task(flood()) for _ in range(10)]
        # For ever, if none is drawn.
        await frames.reaches(30)
        for task in tasks:
            task.cancel()
        window.close()

    def tick(widget, clock):
        frames.append(clock.get_frame_time())
        widget.queue_draw()
        return GLib.SOURCE_CONTINUE

    def activate(app):
        window = Gtk.ApplicationWindow(application=app)
        area = Gtk.DrawingArea()
        area.add_tick_callback(tick)
        show(window, area)
        support.start(main(window))

    app.connect("activate", activate)
    app.run([])
    support.Rescue().until(lambda: asyncio._get_running_loop() is None)


def test_frames_of_a_nested_main_loop_are_not_the_tasks():
    """A task runs a main loop: what GTK calls in there is the host's, also to paint."""
    app = application()
    seen = []

    def look(what):
        seen.append((what, asyncio.current_task()))

    async def main(window, button):
        task = asyncio.current_task()
        main_loop = GLib.MainLoop()

        def tick(widget, clock):
            look("tick")
            widget.queue_draw()
            if len(seen) < 30:
                return GLib.SOURCE_CONTINUE
            GLib.idle_add(click, button)
            return GLib.SOURCE_REMOVE

        def clicked(button):
            look("clicked")
            main_loop.quit()

        button.add_tick_callback(tick)
        handler = button.connect("clicked", clicked)
        main_loop.run()
        button.disconnect(handler)
        assert asyncio.current_task() is task
        window.close()

    def activate(app):
        window = Gtk.ApplicationWindow(application=app)
        button = Gtk.Button(label="Quit")
        show(window, button)
        support.start(main(window, button))

    app.connect("activate", activate)
    app.run([])
    support.Rescue().until(lambda: asyncio._get_running_loop() is None)
    assert seen == [("tick", None)] * 30 + [("clicked", None)]


async def flood():
    while True:
        await asyncio.sleep(0)


def run_to_its_end(end, *, with_application=True, floods=False):
    """What happens, in order, when the window or the application is ended so."""
    app = application()
    order = []

    async def generator():
        try:
            yield
        finally:
            await asyncio.sleep(0.005)
            order.append("generator closed")

    async def main(window):
        agen = generator()
        await anext(agen)
        tasks = [asyncio.create_task(flood()) for _ in range(10 if floods else 0)]
        GLib.timeout_add(20, lambda: end(app, window))
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            order.append(f"drained, {sum(not task.done() for task in tasks)} others")

    def done(task):
        assert task.get_loop().is_closed()
        order.append("done")

    def activate(app):
        window = Gtk.ApplicationWindow(application=app)
        show(window, Gtk.Label(label="Hello"))
        support.start(
            main(window), application=app if with_application else None, done_callback=done)

    # Without application= it is the default one whose end is not missed.
    app.set_default()
    app.connect("activate", activate)
    assert app.run([]) == 0
    order.append("returned")
    return order


@pytest.mark.parametrize("with_application", [True, False], ids=["application", "no application"])
@pytest.mark.parametrize("floods", [False, True], ids=["rests", "floods"])
@pytest.mark.parametrize("end", [
    pytest.param(lambda app, window: app.quit(), id="quit"),
    pytest.param(lambda app, window: window.close(), id="last window closed"),
    pytest.param(lambda app, window: window.destroy(), id="last window destroyed"),
])
def test_end_drains_the_run(end, floods, with_application, capfd):
    order = run_to_its_end(end, floods=floods, with_application=with_application)
    assert order == [f"drained, {10 if floods else 0} others", "generator closed", "done", "returned"]
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.skipif(support.HAS_ASAN, reason="AddressSanitizer takes copied stacks for overruns")
def test_greenlets_storm(record_property):
    """Nested main loops in and beside greenlets, and inside emissions and notifications of buttons."""
    pytest.importorskip("greenlet", reason="the package greenlet is not installed")
    from greenlet_storm import Storm, check_storm
    from portal import await_, under

    window = Gtk.Window()
    show(window, Gtk.Button(label="0"))

    class WidgetStorm(Storm):
        def make_button(self):
            return Gtk.Button(label="0")

        def touch(self, button):
            label = str(int(button.get_label()) + 1)
            button.set_label(label)
            window.set_title(label)

    check_storm(under, await_, record_property, WidgetStorm)
    window.destroy()
