# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tasks: sleeping, waiting for each other and for the host, cancelled, left behind."""

import asyncio
import inspect

from gi.repository import AioGuest, GLib

from .operations import chance, host_priority, number, operation, seconds


@operation(
    5,
    delays=lambda choice: [choice.random() * 0.002 for _ in range(choice.randint(0, 4))],
    eager=chance(0.3),
)
def sleep(storm, delays, eager):
    async def sleeper(ticket):
        loop = asyncio.get_running_loop()
        for delay in delays:
            over = storm.ledger.expect_timer("sleep", loop.time() + delay)
            await asyncio.sleep(delay)
            over.happen()
        ticket.happen()

    AioGuest.spawn(sleeper(storm.ledger.expect("sleeper")), eager=eager)


@operation(4, until=seconds(0.003), twice=chance(0.3))
def cancel(storm, until, twice):
    """Cancelled in its first step, its sleep, or the await of its finally clause."""
    ended = storm.ledger.expect("cancelled task")

    async def victim():
        storm.must_happen_before_the_end(ended)
        try:
            await asyncio.sleep(3600)
        finally:
            try:
                await asyncio.sleep(0.0005)
            finally:
                ended.happen()

    coro = victim()
    task = asyncio.create_task(coro)

    def cancel_it():
        # What has not begun has no clauses to run.
        if inspect.getcoroutinestate(coro) == inspect.CORO_CREATED:
            ended.call_off()
        task.cancel()

    loop = asyncio.get_running_loop()
    loop.call_later(until, cancel_it)
    if twice:
        loop.call_later(until + 0.0002, task.cancel)
    storm.keep(task)


@operation(3, delay=seconds(0.002), limit=seconds(0.002))
def time_out(storm, delay, limit):
    over = storm.ledger.expect("time limit")

    async def limited():
        loop = asyncio.get_running_loop()
        start = loop.time()
        try:
            async with asyncio.timeout(limit):
                await asyncio.sleep(delay)
        except TimeoutError:
            if loop.time() - start < limit - 1e-6:
                storm.ledger.object(f"time limit of {limit} after {loop.time() - start}")
        over.happen()

    AioGuest.spawn(limited())


@operation(3, size=number(1, 5), failing=chance(0.5))
def group(storm, size, failing):
    over = storm.ledger.expect("task group")

    async def member(number):
        await asyncio.sleep(0.0002 * number)
        if failing and number == 0:
            raise KeyError

    async def parent():
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(size):
                    tasks.create_task(member(number))
        except* KeyError:
            pass
        over.happen()

    AioGuest.spawn(parent())


@operation(4, count=number(1, 20))
def queue(storm, count):
    """One puts, from callbacks of the host, and one gets; all in order."""
    over = storm.ledger.expect("queue")
    rested = storm.ledger.expect_in_host("queue filled")

    async def consume(items):
        if [await items.get() for _ in range(count)] != list(range(count)):
            storm.ledger.object("a queue is out of order")
        over.happen()

    items = asyncio.Queue()
    numbers = iter(range(count))

    def put():
        number = next(numbers)
        items.put_nowait(number)
        if number + 1 < count:
            return GLib.SOURCE_CONTINUE
        rested.happen()
        return GLib.SOURCE_REMOVE

    AioGuest.spawn(consume(items))
    GLib.idle_add(put)


@operation(3, priority=host_priority)
def future_of_host(storm, priority):
    """A future that a callback of the host resolves wakes its task, with nothing else said."""
    over = storm.ledger.expect("future of the host")
    future = asyncio.get_running_loop().create_future()

    async def wait():
        await future
        over.happen()

    def resolve():
        future.set_result(None)
        return GLib.SOURCE_REMOVE

    AioGuest.spawn(wait())
    GLib.idle_add(resolve, priority=priority)


@operation(1)
def leave_behind(storm):
    """A task that only the end of the run ends."""
    # What is cancelled before its first step has no clauses to run.
    begun = storm.ledger.expect("first step of a task left behind")

    async def stay():
        begun.happen()
        ended = storm.expect_at_end("task left behind")
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            ended.happen()

    storm.keep(asyncio.create_task(stay()))


@operation(2, taken=number(0, 3))
def drop_generator(storm, taken):
    """What is left of an asynchronous generator nobody uses any more is run by the loop."""
    over = storm.ledger.expect("generator dropped")
    closed = storm.ledger.expect("generator closed")

    async def generate():
        try:
            for number in range(4):
                yield number
        finally:
            await asyncio.sleep(0)
            closed.happen()

    async def use():
        generator = generate()
        try:
            for number in range(taken + 1):
                if await anext(generator) != number:
                    storm.ledger.object("a generator yields another's item")
        except asyncio.CancelledError:
            await generator.aclose()
            raise
        del generator
        over.happen()

    AioGuest.spawn(use())
