# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tasks that end with a widget, for GTK 3 and GTK 4; imported as gtk_cases.py is."""

import asyncio
import gc
import weakref

import pytest
from gi.repository import AioGuest, Gtk

import support
from gtk_cases import GTK_4, show


class Window(Gtk.Window):
    @AioGuest.handler(until="unrealize")
    async def work(self):
        while True:
            await asyncio.sleep(0)


def opened():
    window = Window()
    show(window, Gtk.Button(label="a"))
    return window


def put(widget, box):
    if GTK_4:
        box.append(widget)
    else:
        box.add(widget)


async def settle(task):
    await asyncio.wait([task])
    return task.cancelled()


def run(main):
    return support.run_owning(main())


def test_tasks_end_with_their_window():
    async def main():
        first, second = opened(), opened()
        first.work()
        second.work()
        (ends,), (goes_on,) = first.work.tasks(), second.work.tasks()
        await asyncio.sleep(0)
        first.close()
        assert await settle(ends)
        assert not goes_on.done() and second.work.is_running()
        second.close()
        assert await settle(goes_on)
        return weakref.ref(first), weakref.ref(second)

    references = run(main)
    gc.collect()
    # Neither the handler nor what was bound keeps them.
    assert [reference() for reference in references] == [None, None]


@pytest.mark.parametrize("signal", ["unrealize", "destroy"])
def test_window_is_destroyed(signal):
    """GTK 4 emits "destroy" when the last reference goes."""
    async def main():
        window = opened()
        task = AioGuest.spawn(asyncio.Event().wait(), until=(window, signal))
        window.destroy()
        del window
        gc.collect()
        assert await settle(task)

    run(main)


def test_window_that_is_hidden_on_close():
    """It stays realized: "hide" serves there."""
    async def main():
        window = opened()
        if GTK_4:
            window.set_hide_on_close(True)
        else:
            window.connect("delete-event", lambda window, event: window.hide() or True)
        realized = AioGuest.spawn(asyncio.Event().wait(), until=(window, "unrealize"))
        shown = AioGuest.spawn(asyncio.Event().wait(), until=(window, "hide"))
        window.close()
        assert await settle(shown)
        assert not realized.done()
        window.destroy()
        assert await settle(realized)

    run(main)


def test_widget_that_moves():
    """It is unrealized in between. What ends with its window goes on."""
    async def main():
        window, button = Gtk.Window(), Gtk.Button(label="a")
        boxes = [Gtk.Box() for _ in range(3)]
        put(boxes[1], boxes[0])
        put(boxes[2], boxes[0])
        put(button, boxes[1])
        show(window, boxes[0])
        realized = AioGuest.spawn(asyncio.Event().wait(), until=(button, "unrealize"))
        open_ = AioGuest.spawn(asyncio.Event().wait(), until=(window, "unrealize"))
        boxes[1].remove(button)
        put(button, boxes[2])
        assert await settle(realized)
        assert not open_.done()
        window.destroy()
        assert await settle(open_)

    run(main)


@pytest.mark.skipif(not GTK_4, reason="list views are of GTK 4")
def test_list_cell_that_gets_another_item():
    """GTK uses the widgets of cells again: what fills one ends with "notify::item" of the list item."""
    begun, cancelled = [], []

    async def fill(item):
        begun.append(item)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(item)
            raise

    def bind(factory, list_item):
        coro = fill(list_item.get_item().get_string())
        AioGuest.spawn(coro, eager=True, until=(list_item, "notify::item"))

    async def main():
        factory = Gtk.SignalListItemFactory()
        factory.connect("setup", lambda factory, list_item: list_item.set_child(Gtk.Label()))
        factory.connect("bind", bind)
        model = Gtk.StringList.new(["a", "b"])
        window = Gtk.Window()
        show(window, Gtk.ListView.new(Gtk.NoSelection.new(model), factory))
        while begun != ["a", "b"]:
            await asyncio.sleep(0)
        model.splice(0, 1, ["c"])
        # GTK 4.8 binds "b" anew, too.
        while "c" not in begun or "a" not in cancelled:
            await asyncio.sleep(0)
        assert "c" not in cancelled
        window.destroy()

    run(main)
