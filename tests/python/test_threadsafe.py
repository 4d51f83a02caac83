# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""call_soon_threadsafe(): everything arrives, in each thread's order."""

import asyncio
import threading

import support

THREADS = 4
CALLS = 25_000


def test_all_arrive_in_order(run):
    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        received = [[] for _ in range(THREADS)]
        count = 0

        def receive(thread, number):
            nonlocal count
            received[thread].append(number)
            count += 1
            if count == THREADS * CALLS:
                over.set_result(None)

        def send(thread):
            for number in range(CALLS):
                loop.call_soon_threadsafe(receive, thread, number)

        threads = [threading.Thread(target=send, args=(i,)) for i in range(THREADS)]
        for thread in threads:
            thread.start()
        await over
        for thread in threads:
            thread.join()
        return received

    assert run(main()) == [list(range(CALLS))] * THREADS


def test_one_call_wakes_a_sleeping_host():
    """The next call is made only after the one before has arrived."""
    arrived = threading.Event()
    rounds = 500

    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        missing = []

        def call():
            for number in range(rounds):
                arrived.clear()
                loop.call_soon_threadsafe(arrived.set)
                if not arrived.wait(support.PATIENCE):
                    missing.append(number)
                    break
            loop.call_soon_threadsafe(over.set_result, missing)

        thread = threading.Thread(target=call)
        thread.start()
        missing = await over
        thread.join()
        return missing

    assert support.run_in_main_loop(main()) == []


def test_after_the_end_is_refused(run):
    async def main():
        return asyncio.get_running_loop()

    loop = run(main())
    try:
        loop.call_soon_threadsafe(print)
    except RuntimeError as error:
        assert "closed" in str(error)
    else:
        raise AssertionError("a closed loop took a callback")
