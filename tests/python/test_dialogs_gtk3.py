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

from race import Race  # noqa: E402


def ask(race):
    """Run a dialog while the race goes on; return its answer."""
    dialog = Gtk.Dialog(title="Sure?")
    dialog.add_button("Yes", Gtk.ResponseType.YES)
    # The time of opening the window isn't counted.
    dialog.connect(
        "map-event", lambda *args: race.start(lambda: dialog.response(Gtk.ResponseType.YES))
    )
    response = dialog.run()
    dialog.destroy()
    return response


@pytest.mark.parametrize("where", ["host", "task"])
def test_dialog_run(run, where):
    async def main():
        loop = asyncio.get_running_loop()
        async with Race() as race:
            if where == "task":
                current = asyncio.current_task()
                answer = ask(race)
                assert asyncio.current_task() is current
            else:
                over = loop.create_future()
                GLib.idle_add(lambda: over.set_result(ask(race)))
                answer = await over
            assert asyncio.get_running_loop() is loop
            race.check()
        return answer

    assert run(main()) == Gtk.ResponseType.YES


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
