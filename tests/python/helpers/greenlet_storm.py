# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random nestings of main loops, waits, emissions and notifications, in and beside greenlets that await.

AIOGUEST_STORM says how many, AIOGUEST_SEED which ones.
"""

import asyncio
import os
import random

from gi.repository import AioGuest, GLib, GObject

import support
from collected import Collected

COUNT = int(os.environ.get("AIOGUEST_STORM", "600"))
SEED = int(os.environ.get("AIOGUEST_SEED", "0")) or random.randrange(1, 2**32)
DEPTH = 4


class Button(GObject.Object):
    __gsignals__ = {"clicked": (GObject.SignalFlags.RUN_LAST, None, ())}
    number = GObject.Property(type=int, default=0)


class Storm:
    """Each operation is done by synchronous code, in a greenlet or not, in a task or in a callback of the
    host. All that is begun is counted, and when it ends.

    The coroutine function *under* runs a synchronous function that may call *await_*.
    """

    def __init__(self, seed, count, under, await_):
        self.choice = random.Random(seed)
        self.under = under
        self.await_ = await_
        self.left = count
        self.depth = 0
        self.calm = count // 2  # until then no task runs in a greenlet, and nothing is in the way of waits
        self.begun = 0
        self.ended = Collected()
        self.served = 0
        self.refused = 0
        self.problems = []
        self.touched = self.make_button()
        self.touched.connect("notify", lambda *args: None)

    def begin(self):
        self.begun += 1

    def end(self):
        self.ended.append(None)

    def make_button(self):
        return Button()

    def touch(self, button):
        """Change a property, which has GObject walk its list of emissions."""
        button.number += 1

    async def give(self, value):
        for _ in range(self.choice.randrange(3)):
            await asyncio.sleep(self.choice.choice([0, 0, 0.001]))
        return value

    # Synchronous code

    def work(self, awaits):
        for _ in range(self.choice.randrange(1, 5)):
            if awaits and self.choice.random() < 0.6:
                value = object()
                if self.await_(self.give(value)) is not value:
                    self.problems.append("another's value was awaited")
            else:
                self.do_anything()
            self.touch(self.touched)

    def do_anything(self):
        if self.left <= 0 or self.depth >= DEPTH:
            return
        self.left -= 1
        self.depth += 1
        try:
            self.choice.choice(
                [self.main_loop, self.iterate, self.wait, self.emit, self.notify, self.spawn, self.ask_host]
            )()
        finally:
            self.depth -= 1

    def main_loop(self):
        loop = GLib.MainLoop()
        self.ask_host()
        GLib.timeout_add(self.choice.randrange(4), loop.quit)
        loop.run()

    def iterate(self):
        self.ask_host()
        for _ in range(self.choice.randrange(1, 8)):
            GLib.MainContext.default().iteration(False)

    def wait(self):
        value = object()
        try:
            if AioGuest.wait(self.give(value)) is not value:
                self.problems.append("another's value was waited for")
            self.served += 1
        except RuntimeError as error:
            if "can't wait here" not in str(error):
                raise
            self.refused += 1

    def emit(self):
        button = self.make_button()
        button.connect("clicked", lambda button: self.work(False))
        button.emit("clicked")

    def notify(self):
        button = self.make_button()
        button.connect("notify", lambda *args: self.work(False))
        self.touch(button)

    def spawn(self):
        self.begin()
        AioGuest.spawn(self.task(), eager=self.choice.random() < 0.5)

    def ask_host(self):
        self.begin()
        GLib.idle_add(self.in_host, priority=self.choice.choice([GLib.PRIORITY_HIGH, GLib.PRIORITY_LOW]))

    def in_host(self):
        try:
            self.work(False)
        except BaseException as error:
            self.problems.append(repr(error))
        self.end()

    # Tasks

    async def task(self):
        if self.choice.random() < 0.3:
            await asyncio.sleep(0)
        share = 0 if self.left > self.calm else self.choice.choice([0.1, 0.5, 1])
        if self.choice.random() < share:
            await self.under(self.work, True)
        else:
            self.work(False)
        await asyncio.sleep(0)
        self.end()

    async def main(self):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: self.problems.append(repr(context)))
        while self.left > 0:
            for _ in range(self.choice.choice([1, 1, 5, 20])):
                self.spawn()
            await self.ended.until(lambda: len(self.ended) == self.begun)


def check_storm(under, await_, record_property, kind=Storm):
    """Everything that is begun ends; everybody gets their own values. *kind* is of Storm."""
    print(f"AIOGUEST_SEED={SEED}")
    record_property("seed", SEED)
    storm = kind(SEED, COUNT, under, await_)
    support.run_in_main_loop(storm.main())
    record_property("waits", f"{storm.served} served, {storm.refused} refused")
    assert storm.problems == []
    assert storm.begun == len(storm.ended)
    assert storm.left == 0
    assert storm.served > 0 and storm.refused > 0
