# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gtk.Dialog.run() of GTK 3, a main loop inside a call: asyncio goes on."""

import asyncio
import os
import sys

import gi
import pytest

import support  # noqa: F401

try:
    gi.require_version("Gdk", "3.0")
    gi.require_version("Gtk", "3.0")
except ValueError:
    pytest.skip("the typelib of GTK 3 is not installed", allow_module_level=True)

if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
    pytest.fail("GTK needs a display: run this under Xvfb", pytrace=False)

from gi.repository import GLib, Gtk  # noqa: E402


async def ticker(ticks):
    while True:
        await asyncio.sleep(0.01)
        ticks.append(asyncio.current_task().get_name())


def ask(ticks):
    """Run a dialog for 300 ms; return its answer and the ticks meanwhile."""
    dialog = Gtk.Dialog(title="Sure?")
    dialog.add_button("Yes", Gtk.ResponseType.YES)

    def answer():
        counted.append(len(ticks))
        dialog.response(Gtk.ResponseType.YES)

    def mapped(dialog, event):
        # The time of opening the window isn't counted.
        counted.append(len(ticks))
        GLib.timeout_add(300, answer)

    counted = []
    dialog.connect("map-event", mapped)
    response = dialog.run()
    dialog.destroy()
    before, after = counted
    return response, after - before


@pytest.mark.parametrize("where", ["host", "task"])
def test_dialog_run(run, where):
    ticks = []

    async def main():
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(ticker(ticks), name="ticker")
        if where == "task":
            current = asyncio.current_task()
            answer = ask(ticks)
            assert asyncio.current_task() is current
        else:
            over = loop.create_future()
            GLib.idle_add(lambda: over.set_result(ask(ticks)))
            answer = await over
        assert asyncio.get_running_loop() is loop
        assert not task.done()
        return answer

    response, count = run(main())
    assert response == Gtk.ResponseType.YES
    assert count >= 25
    assert set(ticks) == {"ticker"}


def test_handlers_of_a_dialog_see_no_task(run):
    """The dialog is the task's, what its handlers do is the host's."""
    seen = []

    def look(*args):
        seen.append((asyncio.current_task(), asyncio.get_running_loop(), sys.exc_info()[1]))

    async def main():
        task = asyncio.current_task()
        try:
            raise KeyError("the task's")
        except KeyError as error:
            dialog = Gtk.Dialog(title="Sure?")
            button = dialog.add_button("Yes", Gtk.ResponseType.YES)
            button.connect("clicked", look)
            dialog.connect("response", look)
            dialog.connect("map-event", lambda *args: GLib.idle_add(button.clicked) and None)
            answer = dialog.run()
            assert sys.exc_info()[1] is error
            assert asyncio.current_task() is task
            # In a step of its own the task is the one that calls the handlers.
            seen_by_host, seen[:] = seen[:], []
            button.clicked()
            assert [record[0] for record in seen] == [task, task]
            dialog.destroy()
        assert seen_by_host == [(None, asyncio.get_running_loop(), None)] * 2
        return answer

    assert run(main()) == Gtk.ResponseType.YES
