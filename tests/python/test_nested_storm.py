# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random nestings of main loops, waits, tasks, callbacks and exceptions.

AIOGUEST_STORM says how many, AIOGUEST_SEED which ones.
"""

import asyncio
import contextvars
import ctypes
import gc
import os
import random
import sys

import pytest
from gi.repository import AioGuest, GLib

import support
from collected import Collected

COUNT = int(os.environ.get("AIOGUEST_STORM", "500"))
SEED = int(os.environ.get("AIOGUEST_SEED", "0")) or random.randrange(1, 2**32)
DEPTH = 5

glib = ctypes.CDLL("libglib-2.0.so.0")
glib.g_main_loop_new.restype = ctypes.c_void_p

variable = contextvars.ContextVar("variable", default=None)


class Expected(Exception):
    pass


class Storm:
    def __init__(self, seed, count):
        self.choice = random.Random(seed)
        self.left = count
        self.depth = 0
        self.deepest = 0
        self.scheduled = 0
        self.ran = Collected()
        self.nests_over = Collected()
        self.problems = []

    # What is scheduled is counted, and when it has run.

    def schedule(self):
        """A callback of one of the kinds that there are."""
        number = self.scheduled
        self.scheduled += 1
        loop = asyncio.get_running_loop()
        kind = self.choice.randrange(4)
        if kind == 0:
            loop.call_soon(self.ran.append, number)
        elif kind == 1:
            loop.call_later(self.choice.random() * 0.002, self.ran.append, number)
        elif kind == 2:
            GLib.idle_add(self.append_in_host, number)
        else:
            AioGuest.spawn(self.append(number))

    def look_in_host(self):
        """A callback that the main context calls is nobody's task, wherever that is iterated."""
        if asyncio.current_task() is not None:
            self.problems.append(f"callback of the host sees {asyncio.current_task()}")
        if variable.get() is not None:
            self.problems.append(f"callback of the host sees the context of {variable.get()}")
        if sys.exc_info()[1] is not None:
            self.problems.append(f"callback of the host sees {sys.exc_info()[1]!r}")

    def append_in_host(self, number):
        self.look_in_host()
        self.ran.append(number)

    async def append(self, number):
        variable.set(number)
        await asyncio.sleep(self.choice.random() * 0.002)
        if variable.get() != number:
            self.problems.append(f"context of {number} is another's")
        self.ran.append(number)

    # Nestings.

    def nest(self):
        """In synchronous code: one of the ways of nesting, if there is still one to come."""
        if self.left <= 0 or self.depth >= DEPTH:
            return
        self.left -= 1
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        task = asyncio.current_task()
        value = variable.get()
        try:
            for _ in range(self.choice.randrange(4)):
                self.schedule()
            if self.choice.random() < 0.6:
                self.enter_deeper()
            self.choice.choice(
                [
                    self.main_loop,
                    self.raw_main_loop,
                    self.iterate,
                    self.raw_iterate,
                    self.wait,
                    self.wait_for_error,
                    self.wait_cancelled,
                    self.time_out,
                ]
            )()
        finally:
            self.depth -= 1
            self.nests_over.append(None)
            if asyncio.current_task() is not task:
                self.problems.append(f"current task was {task}")
            if variable.get() != value:
                self.problems.append("context was not put back")

    def enter_deeper(self):
        """Have the nested loop nest again, from a callback, a task or a source."""
        kind = self.choice.randrange(3)
        if kind == 0:
            asyncio.get_running_loop().call_soon(self.nest)
        elif kind == 1:
            AioGuest.spawn(self.task())
        else:
            GLib.idle_add(self.in_host)

    def in_host(self):
        self.look_in_host()
        try:
            self.nest()
        except BaseException as error:
            self.problems.append(repr(error))
        self.look_in_host()

    async def task(self):
        variable.set(object())
        await asyncio.sleep(0)
        try:
            raise KeyError
        except KeyError as error:
            if error.__context__ is not None:
                self.problems.append("foreign __context__")
            self.nest()
            if sys.exc_info()[1] is not error:
                self.problems.append("exception being handled was not put back")
        await asyncio.sleep(0)

    def main_loop(self):
        """Loops whose time comes while an inner one is running quit in the wrong order."""
        loop = GLib.MainLoop()

        def quit():
            self.look_in_host()
            loop.quit()

        GLib.timeout_add(self.choice.randrange(3), quit)
        loop.run()

    def raw_main_loop(self):
        """The same without a Python function around it."""
        loop = ctypes.c_void_p(glib.g_main_loop_new(None, False))

        def quit():
            self.look_in_host()
            glib.g_main_loop_quit(loop)
            glib.g_main_loop_unref(loop)

        GLib.timeout_add(self.choice.randrange(3), quit)
        glib.g_main_loop_run(loop)

    def iterate(self):
        for _ in range(self.choice.randrange(1, 6)):
            GLib.MainContext.default().iteration(False)

    def raw_iterate(self):
        for _ in range(self.choice.randrange(1, 6)):
            glib.g_main_context_iteration(None, False)

    async def give(self, value):
        for _ in range(self.choice.randrange(3)):
            await asyncio.sleep(0)
        return value

    async def fail(self):
        await asyncio.sleep(0)
        raise Expected

    def wait(self):
        value = object()
        if AioGuest.wait(self.give(value)) is not value:
            self.problems.append("wait() returned another's result")

    def wait_for_error(self):
        with pytest.raises(Expected):
            AioGuest.wait(self.fail())

    def wait_cancelled(self):
        task = asyncio.ensure_future(asyncio.sleep(3600))
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            AioGuest.wait(task)

    def time_out(self):
        with pytest.raises(TimeoutError):
            AioGuest.wait(asyncio.sleep(3600), 0.001)

    async def main(self):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: self.problems.append(repr(context)))
        while self.left > 0:
            if self.choice.random() < 0.5:
                await AioGuest.spawn(self.task())
            else:
                over = loop.create_future()
                GLib.idle_add(lambda over=over: (self.in_host(), over.set_result(None)) and None)
                await over
        # For ever, if something does not run.
        await self.ran.until(lambda: len(self.ran) == self.scheduled)
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks)
        await self.nests_over.until(lambda: self.depth == 0)


def test_storm(record_property):
    """Every callback runs, once; everybody finds what was theirs."""
    print(f"AIOGUEST_SEED={SEED}")
    record_property("seed", SEED)
    storm = Storm(SEED, COUNT)
    support.run_in_main_loop(storm.main())
    assert storm.problems == []
    assert sorted(storm.ran) == list(range(storm.scheduled))
    assert storm.left == 0
    assert storm.deepest == DEPTH
    gc.collect()


def test_storm_leaves_nothing():
    def once(seed):
        storm = Storm(seed, COUNT // 5)
        support.run_in_main_loop(storm.main())
        gc.collect()
        return len(gc.get_objects()), support.descriptors()

    for seed in range(3):
        objects, descriptors = once(SEED + seed)
    after, descriptors_after = once(SEED)
    assert descriptors_after == descriptors
    # Caches of all kinds grow by a few.
    assert after - objects < 100
