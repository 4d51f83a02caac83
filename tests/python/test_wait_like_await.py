# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.wait(x) comes to what ``await x`` comes to: random programs, run once with each.

A program is a task that waits in the midst of timeouts, task groups, clean-ups and handlers of CancelledError,
and gusts of what happens to it. All of a gust happens in one round of the loop, in its order. The next one comes
when the loop has nothing left to do.

AIOGUEST_PROGRAMS says how many, AIOGUEST_SEED which ones.
"""

import asyncio
import collections
import gc
import os
import random

import pytest
from gi.overrides.AioGuest._internals.asyncio import get_queues
from gi.repository import AioGuest, GLib

import support

COUNT = int(os.environ.get("AIOGUEST_PROGRAMS", "5000" if support.NIGHTLY else "500"))
SEED = int(os.environ.get("AIOGUEST_SEED", "0")) or random.randrange(1, 2**32)
GUSTS = 4  # at most, before the task is cancelled until it ends

BLOCKS = ["timeout", "group", "finally", "catch", "twice", "shield"]
AWAITABLES = ["future", "task", "coroutine", "program"]


class Plan:
    """What a program does, and what happens to it: nothing else is left to chance."""

    def __init__(self, seed):
        self._choice = random.Random(seed)
        self._names = collections.Counter()
        self.root = self._make_block(self._choice.randint(1, 4), 2)
        self.gusts = [self._make_gust() for _ in range(self._choice.randint(1, GUSTS))]

    def _name(self, kind):
        self._names[kind] += 1
        return f"{kind} {self._names[kind]}"

    def _make_block(self, depth, programs):
        """(kind, name, parts)"""
        if depth == 0:
            kind = self._choice.choice(AWAITABLES)
            if kind == "program" and programs == 0:
                kind = "future"
            parts = [self._make_block(2, programs - 1)] if kind == "program" else []
            return kind, self._name("program" if kind == "program" else "future"), parts
        kind = self._choice.choice(BLOCKS)
        n_parts = 2 if kind in ("finally", "twice") else 1
        name = self._name(kind)
        return kind, name, [self._make_block(depth - 1, programs) for _ in range(n_parts)]

    def _make_gust(self):
        return [self._make_event() for _ in range(self._choice.choice([1, 1, 2, 2, 3, 4]))]

    def _make_event(self):
        happenings = {
            "cancel": ["task"] * 3,
            "expire": self._get_names("timeout") * 3,
            "fail": self._get_names("group") + self._get_names("future"),
            "end": self._get_names("future") + self._get_names("shield"),
            "cancel inner": self._get_names("future") + self._get_names("program"),
        }
        events = [(what, name) for what, names in happenings.items() for name in names]
        return self._choice.choice(events)

    def _get_names(self, kind):
        return [f"{kind} {number + 1}" for number in range(self._names[kind])]


class Expected(Exception):
    pass


def describe(error):
    if isinstance(error, BaseExceptionGroup):
        return [describe(each) for each in error.exceptions]
    return type(error).__name__, *error.args


class Program:
    """A plan as it is carried out. What each of its tasks comes to is in ``log``."""

    def __init__(self, plan, wait):
        self._plan = plan
        self._wait = wait
        self._objects = {}  # timeouts, tasks and futures by name
        self.log = collections.defaultdict(list)

    async def run(self):
        task = self._objects["task"] = asyncio.create_task(self._run_as_task("task", self._plan.root))
        await idle()
        for gust in self._plan.gusts:
            await self._blow(gust)
        while not task.done():
            await self._blow([("cancel", "task")])
        await self._blow([("end", name) for name in self._objects if "shield" in name])
        error = None if task.cancelled() else task.exception()
        self.log["outcome"] = ["cancelled" if task.cancelled() else error and describe(error)]
        return dict(self.log)

    # What happens

    async def _blow(self, gust):
        # From a child's failure on it takes two rounds until its group cancels the task, and from a
        # timeout's reschedule() on one, until it does.
        loop = asyncio.get_running_loop()
        rounds = [[], [], []]
        for event in gust:
            rounds[{"fail": 0 if "group" in event[1] else 2, "expire": 1}.get(event[0], 2)].append(event)
        for events in rounds:
            loop.call_soon(self._happen, events)
            await asyncio.sleep(0)
        await idle()

    def _happen(self, events):
        for what, name in events:
            each = self._objects.get(name)
            if each is not None:
                getattr(self, "_" + what.replace(" ", "_"))(each)

    def _cancel(self, task):
        task.cancel(f"request {task.cancelling()}")

    def _expire(self, timeout):
        if timeout.when() is None and not timeout.expired():
            timeout.reschedule(0)

    def _fail(self, future):
        if not future.done():
            future.set_exception(Expected("failed"))
            # Nobody need wait for it any more.
            future.exception()

    def _end(self, future):
        if not future.done():
            future.set_result("result")

    def _cancel_inner(self, future):
        future.cancel("inner")

    # What it does

    async def _run_as_task(self, name, block):
        try:
            return await self._run(name, block)
        finally:
            self._tell(name, "over")
            # A cancellation that was told already would come again here.
            for _ in range(3):
                await asyncio.sleep(0)
            self._tell(name, "nothing came after that")

    async def _run(self, task, block):
        kind, name, parts = block
        try:
            result = await getattr(self, "_run_" + kind)(task, name, *parts)
        except BaseException as error:
            self._tell(task, name, describe(error))
            raise
        self._tell(task, name, result)
        return result

    def _tell(self, task, *what):
        self.log[task].append((*what, asyncio.current_task().cancelling()))

    async def _run_timeout(self, task, name, part):
        async with asyncio.timeout(None) as self._objects[name]:
            try:
                return await self._run(task, part)
            finally:
                del self._objects[name]

    async def _run_group(self, task, name, part):
        async with asyncio.TaskGroup() as group:
            child = self._objects[name] = asyncio.get_running_loop().create_future()
            group.create_task(self._hold(f"child of {name}", child))
            result = await self._run(task, part)
            self._end(child)
            return result

    async def _run_finally(self, task, name, part, clean_up):
        try:
            return await self._run(task, part)
        finally:
            await self._run(task, clean_up)

    async def _run_twice(self, task, name, *parts):
        return [await self._run(task, part) for part in parts]

    async def _run_catch(self, task, name, part):
        try:
            return await self._run(task, part)
        except (asyncio.CancelledError, TimeoutError, Expected) as error:
            self._tell(task, "caught", describe(error))
            while asyncio.current_task().cancelling():
                asyncio.current_task().uncancel()
            await asyncio.sleep(0)
            return "caught"

    async def _run_shield(self, task, name, part):
        self._objects[name] = asyncio.get_running_loop().create_future()
        inner = asyncio.create_task(self._hold(name, self._objects[name]))
        return [await self._wait(asyncio.shield(inner)), await self._run(task, part)]

    # What it waits for

    async def _hold(self, name, awaitable):
        try:
            return await awaitable
        except BaseException as error:
            self.log[name].append(describe(error))
            raise
        finally:
            await asyncio.sleep(0)
            self.log[name].append("cleaned up")

    async def _run_future(self, task, name):
        self._objects[name] = asyncio.get_running_loop().create_future()
        return await self._wait(self._objects[name])

    async def _run_task(self, task, name):
        self._objects[name] = asyncio.get_running_loop().create_future()
        return await self._wait(asyncio.create_task(self._hold(name, self._objects[name])))

    async def _run_coroutine(self, task, name):
        self._objects[name] = asyncio.get_running_loop().create_future()
        return await self._wait(self._hold(name, self._objects[name]))

    async def _run_program(self, task, name, part):
        self._objects[name] = asyncio.create_task(self._run_as_task(name, part))
        return await self._wait(self._objects[name])


async def idle():
    """Until the loop has nothing left to do."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def look():
        if get_queues(loop)[0] > 0:
            return GLib.SOURCE_CONTINUE
        future.set_result(None)
        return GLib.SOURCE_REMOVE

    GLib.idle_add(look, priority=GLib.PRIORITY_LOW)
    await future


async def by_await(awaitable):
    return await awaitable


async def by_wait(awaitable):
    return AioGuest.wait(awaitable)


@pytest.mark.parametrize("part", range(4))
def test_random_programs(run, errors, record_property, part):
    record_property("seed", SEED)

    async def main():
        for seed in range(SEED + part, SEED + COUNT, 4):
            plan = Plan(seed)
            expected = await Program(plan, by_await).run()
            assert await Program(plan, by_wait).run() == expected, (
                f"AIOGUEST_SEED={seed} AIOGUEST_PROGRAMS=1 {plan.root} {plan.gusts}"
            )

    run(main())
    gc.collect()
    assert errors() == []
