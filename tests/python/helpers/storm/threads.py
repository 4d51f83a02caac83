# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other threads: that call into the loop, or have runs of their own."""

import asyncio
import concurrent.futures
import contextlib
import threading

from gi.repository import AioGuest, GLib

from .operations import number, operation


@operation(3, threads=number(1, 3), calls=number(1, 50))
def call_from_threads(storm, threads, calls):
    """What each thread calls arrives in its order."""
    loop = asyncio.get_running_loop()

    def make_thread():
        over = storm.ledger.expect("calls of a thread")
        received = []

        def receive(number):
            received.append(number)
            if number == calls - 1:
                if received != list(range(calls)):
                    storm.ledger.object(f"a thread's calls arrive as {received}")
                over.happen()

        def send():
            for number in range(calls):
                loop.call_soon_threadsafe(receive, number)

        storm.start_thread(send)

    for _ in range(threads):
        make_thread()


@operation(2)
def use_executor(storm):
    over = storm.ledger.expect("executor")

    async def use():
        if await asyncio.to_thread(threading.get_ident) == threading.get_ident():
            storm.ledger.object("the executor's thread is the guest's")
        over.happen()

    AioGuest.spawn(use())


@operation(2)
def idle_from_thread(storm):
    """The host's callback, added by a thread, ends a sleep of the host's."""
    over = storm.ledger.expect_in_host("idle callback from a thread")
    storm.start_thread(lambda: GLib.idle_add(over.happen))


@operation(2, rounds=number(0, 3))
def coroutine_from_thread(storm, rounds):
    """A thread waits for what the loop makes of its coroutine."""
    over = storm.ledger.expect("coroutine of a thread")
    loop = asyncio.get_running_loop()

    async def work():
        for _ in range(rounds):
            await asyncio.sleep(0)
        return rounds

    def run():
        coro = work()
        try:
            future = asyncio.run_coroutine_threadsafe(coro, loop)
        except RuntimeError:
            coro.close()
            raise
        while not storm.ending:
            with contextlib.suppress(concurrent.futures.TimeoutError):
                if future.result(0.05) != rounds:
                    storm.ledger.object("a thread got another's result")
                loop.call_soon_threadsafe(over.happen)
                break

    storm.start_thread(run)


@operation(1, tasks=number(1, 5), nested=number(0, 1))
def run_elsewhere(storm, tasks, nested):
    """Another run, on its own thread and main context, begins and ends meanwhile."""
    over = storm.ledger.expect("run of another thread")
    loop = asyncio.get_running_loop()

    async def main():
        await asyncio.gather(*[asyncio.sleep(0.0005 * number) for number in range(tasks)])
        if nested:
            AioGuest.wait(asyncio.sleep(0.0005))
        return tasks

    def run():
        context = GLib.MainContext()
        context.push_thread_default()
        try:
            if AioGuest.run(main(), main_context=context, debug=False) != tasks:
                storm.ledger.object("a run returned another's result")
        finally:
            context.pop_thread_default()
        loop.call_soon_threadsafe(over.happen)

    storm.start_thread(run)
