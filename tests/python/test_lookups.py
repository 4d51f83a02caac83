# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Any look-up in a loop may run Python code that raises: the exception is told once, and no more."""

import asyncio
import selectors
import socket
import sys

import pytest
from gi.repository import AioGuest, GLib

import support

#: Of the loop's own dict: what asyncio keeps there, and what could be in the place of its methods.
ATTRIBUTES = [
    "_clock_resolution", "_closed", "_current_handle", "_debug", "_ready", "_scheduled", "_selector",
    "_stopping", "_timer_cancelled_count",
]
METHODS = ["_add_callback", "_process_events", "_run_once", "call_soon", "time"]


#: The interpreter passes over such an exception when it specialises an instruction (3.11 does for
#: LOAD_ATTR), so not where _run_once() does the looking.
in_c = pytest.mark.skipif(support.TICK == "stock", reason="the look-ups are Python's own")


class Hostile(Exception):
    pass


class Fuse:
    """Raises at the n-th time that it is asked."""

    def __init__(self, nth):
        self.left = nth
        self.armed = False
        self.burnt = False

    def burn(self):
        if self.armed and not self.burnt:
            self.left -= 1
            if self.left <= 0:
                self.burnt = True
                raise Hostile


class Key:
    """Comes in the way of a name (or number) in a dict: it has the same hash, and is compared."""

    def __init__(self, name, fuse):
        self.name = name
        self.fuse = fuse

    def __hash__(self):
        return hash(self.name)

    def __index__(self):
        return self.name

    def __eq__(self, other):
        self.fuse.burn()
        return False


def plant(owner, name, fuse):
    """Put a key before *name*; return what takes it away again."""
    missing = object()
    before = owner.pop(name, missing)
    key = Key(name, fuse)
    owner[key] = before
    if before is not missing:
        owner[name] = before

    def remove():
        fuse.armed = False
        for other in list(owner):
            if other is key:
                del owner[other]

    return remove


class Workload:
    """Keeps a loop busy with handles, timers, cancelled ones and a descriptor, until it is told.

    Of an exception it is told wherever it comes out: of run_forever(), of a method that a callback
    calls, in the loop's exception handler, or as one that nobody can be told of.
    """

    def __init__(self, loop, fuse, monkeypatch):
        self.loop = loop
        self.fuse = fuse
        self.told = []
        self.rounds = 0
        self.reader, self.writer = socket.socketpair()
        self.writer.send(b"x")
        loop.set_exception_handler(lambda loop, context: self.tell(context.get("exception")))
        monkeypatch.setattr(sys, "unraisablehook", lambda info: self.tell(info.exc_value))
        loop.add_reader(self.reader, int)
        self.timers = [loop.call_later(1000 + number, int) for number in range(3)]

    def tell(self, exception):
        self.told.append(type(exception))
        self.loop.stop()

    def step(self, touch):
        if self.told:
            return
        self.fuse.armed = True
        self.rounds += 1
        assert self.rounds < 1000, "the look-up never raised"
        try:
            touch(self.rounds)
            self.timers.append(self.loop.call_later(1000, int))
            self.timers.pop(0).cancel()
            self.loop.call_soon(int)
            self.nest()
            if not self.fuse.burnt:
                self.loop.call_later(0, self.step, touch)
        except Hostile as error:
            self.tell(error)

    def nest(self):
        """Have a tick inside this one."""
        ticked = []
        self.loop.call_soon(ticked.append, True)
        while not ticked and not self.fuse.burnt:
            GLib.MainContext.default().iteration(True)

    def run(self, touch):
        self.loop.call_soon(self.step, touch)
        try:
            self.loop.run_forever()
        except Hostile as error:
            self.told.append(type(error))

    def close(self):
        self.fuse.armed = False
        self.loop.remove_reader(self.reader)
        self.reader.close()
        self.writer.close()
        # Whatever was told of last has stopped it.
        self.loop.stop()
        self.loop.run_forever()
        assert self.loop.run_until_complete(asyncio.sleep(0, "still works")) == "still works"
        self.loop.close()


def sweep(loop, monkeypatch, nth, owner, name, touch):
    fuse = Fuse(nth)
    workload = Workload(loop, fuse, monkeypatch)
    remove = plant(owner(workload), name(workload), fuse)
    try:
        workload.run(touch)
    finally:
        remove()
    assert (fuse.burnt, workload.told) == (True, [Hostile])
    workload.close()


def new_loop(selector=None):
    loop = AioGuest.EventLoop(selector)
    loop.set_debug(False)
    return loop


@in_c
@pytest.mark.parametrize("name", ATTRIBUTES + METHODS)
def test_attribute_of_the_loop(monkeypatch, name):
    for nth in range(1, 9):
        loop = new_loop()

        def touch(number):
            vars(loop)["_touched"] = number

        sweep(loop, monkeypatch, nth, lambda workload: vars(loop), lambda workload: name, touch)


@in_c
@pytest.mark.parametrize("name", ["_fd_to_key", "select"])
def test_attribute_of_the_selector(monkeypatch, name):
    """It is replaced again and again: each new one is looked at as the first was."""
    for nth in range(1, 4):
        loop = new_loop()
        fuse = Fuse(nth)
        workload = Workload(loop, fuse, monkeypatch)
        removals = []
        replaced = []

        def touch(number):
            before = loop._selector
            after = selectors.DefaultSelector()
            for key in list(before.get_map().values()):
                after.register(key.fileobj, key.events, key.data)
            removals.append(plant(vars(after), name, fuse))
            loop._selector = after
            replaced.append(before)

        workload.run(touch)
        for remove in removals:
            remove()
        for selector in replaced:
            selector.close()
        assert (fuse.burnt, workload.told) == (True, [Hostile])
        workload.close()


@in_c
@pytest.mark.parametrize("selector", [
    selectors.EpollSelector, selectors.PollSelector, selectors.SelectSelector,
])
def test_descriptor_of_the_selector(monkeypatch, selector):
    for nth in range(1, 4):
        loop = new_loop(selector())
        sweep(loop, monkeypatch, nth, lambda workload: loop._selector._fd_to_key,
              lambda workload: workload.reader.fileno(), lambda number: None)


def test_attribute_of_the_type(monkeypatch):
    for nth in range(1, 7):
        fuse = Fuse(nth)

        class Meta(type):
            def __getattribute__(cls, name):
                if name == "__init__":
                    fuse.burn()
                return super().__getattribute__(name)

        class Loop(AioGuest.EventLoop, metaclass=Meta):
            pass

        def touch(number):
            Loop.touched = number

        loop = Loop()
        loop.set_debug(False)
        workload = Workload(loop, fuse, monkeypatch)
        workload.run(touch)
        assert (fuse.burnt, workload.told) == (True, [Hostile])
        workload.close()


def test_selector_is_looked_at_again(errors):
    """It failed once: the run is drained with its descriptors watched all the same."""
    fuse = Fuse(1)

    async def main():
        loop = asyncio.get_running_loop()
        before = loop._selector
        after = selectors.DefaultSelector()
        for key in list(before.get_map().values()):
            after.register(key.fileobj, key.events, key.data)
        remove = plant(vars(after), "_fd_to_key", fuse)
        loop._selector = after
        fuse.armed = True
        try:
            await asyncio.sleep(1000)
        finally:
            remove()
            before.close()
            assert await asyncio.to_thread(lambda: "cleaned up") == "cleaned up"
            cleaned_up.append(True)

    cleaned_up = []
    with pytest.raises(Hostile):
        support.run_owning(main(), shutdown_timeout=30)
    assert cleaned_up == [True]
