# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tasks that end with a widget, for GTK 3 and GTK 4; imported as gtk_cases.py is."""

import asyncio
import gc
import sys
import weakref

import pytest
from gi.repository import AioGuest, Gtk

import support
from collected import Collected
from gtk_cases import GTK_4, show
from storm.samples import allocated

#: Windows that are opened and closed one after the other.
MANY = 10_000 if support.NIGHTLY else 200
#: Bytes and blocks that a window may leave behind more with tasks than without. An object that each window
#: forgot would be a block; the rest is what caches take until they are full.
BYTES, BLOCKS = 16, 0.5


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
    seen = Collected()

    async def fill(item):
        seen.append(f"begin {item}")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append(f"cancel {item}")
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
        await seen.until(lambda: seen == ["begin a", "begin b"])
        model.splice(0, 1, ["c"])
        # GTK 4.8 binds "b" anew, too.
        await seen.has("begin c")
        await seen.has("cancel a")
        assert "cancel c" not in seen
        window.destroy()

    run(main)


def measure():
    gc.collect()
    return sys.getallocatedblocks(), allocated()


def when_done(tasks):
    """A future. Who waits for cancelled tasks themselves keeps their windows, by their exceptions."""
    done, left = asyncio.get_running_loop().create_future(), len(tasks)

    def on_done(task):
        nonlocal left
        left -= 1
        if left == 0:
            done.set_result(None)

    for task in tasks:
        task.add_done_callback(on_done)
    return done


def begin_tasks(window):
    window.work()
    return when_done([
        *window.work.tasks(),
        AioGuest.spawn(asyncio.sleep(60), until=(window, "unrealize")),
        AioGuest.spawn(asyncio.Event().wait(), until=(window, "destroy"), eager=True),
    ])


async def open_and_close(count, with_tasks):
    """Open and close *count* windows, and return what each of them leaves allocated.

    These are two numbers: blocks of Python's allocator, and bytes of the C library's malloc().
    """
    before = measure()
    for _ in range(count):
        window = opened()
        done = begin_tasks(window) if with_tasks else None
        await asyncio.sleep(0)
        window.destroy()
        # The last reference goes, and GTK 4 emits "destroy".
        del window
        if done is not None:
            await done
    return [(after - before) / count for before, after in zip(before, measure())]


def test_many_windows():
    async def main():
        for with_tasks in (False, True):
            await open_and_close(200, with_tasks)
        objects = len(gc.get_objects())
        plain, bound = [await open_and_close(MANY, with_tasks) for with_tasks in (False, True)]
        print(f"{MANY} windows, blocks and bytes for each: {plain}, with tasks {bound}")
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert len(gc.get_objects()) - objects < MANY / 10
        assert not any(isinstance(found, Window) for found in gc.get_objects())
        # What GTK itself leaves behind, or gives back late, is not ours.
        return [bound - max(plain, 0) for plain, bound in zip(plain, bound)]

    blocks, size = run(main)
    assert blocks < BLOCKS
    if support.NIGHTLY:
        # What the allocator holds back for a time does not count among so many.
        assert size < BYTES
