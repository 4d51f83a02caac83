# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs on other threads, each with its own main context."""

import asyncio
import gc
import threading

from gi.repository import AioGuest, GLib

import support


class Worker(threading.Thread):
    """A thread with a main context of its own, its default one."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.result = None
        self.error = None

    def run(self):
        context = GLib.MainContext.new()
        context.push_thread_default()
        try:
            self.result = self.function(context)
        except BaseException as error:
            self.error = error
        finally:
            context.pop_thread_default()

    def collect(self):
        self.join(support.PATIENCE)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error
        return self.result


async def main():
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0.005)
    value = await asyncio.to_thread(lambda: "from the executor")
    assert asyncio.get_running_loop() is loop
    return threading.get_ident(), value


def start_worker(function):
    worker = Worker(function)
    worker.start()
    return worker


def test_run_on_a_second_thread():
    worker = start_worker(lambda context: support.run_owning(main()))
    assert worker.collect() == (worker.ident, "from the executor")


def test_thread_default_context_is_taken():
    def work(context):
        mark = support.source_mark(context)
        task = support.start(main())
        attached = support.sources_since(mark, context)
        while not task.done() or asyncio._get_running_loop() is not None:
            context.iteration(True)
        return attached, support.sources_since(mark, context)

    mark = support.source_mark()
    attached, left = start_worker(work).collect()
    assert set(attached) == {"[aioguest] run", "[aioguest] nesting"}
    assert left == []
    assert support.sources_since(mark) == []


def test_main_loop_on_a_second_thread():
    def work(context):
        return support.run_in_main_loop(main(), main_context=context)

    worker = start_worker(work)
    assert worker.collect()[0] == worker.ident


def test_main_context_argument():
    def work(context):
        own = GLib.MainContext.new()
        return support.run_owning(main(), main_context=own)

    worker = start_worker(work)
    assert worker.collect()[0] == worker.ident


def test_runs_on_several_threads_at_the_same_time():
    barrier = threading.Barrier(4)

    async def meet():
        loop = asyncio.get_running_loop()
        # Only passes if all the runs are under way at the same time.
        await asyncio.to_thread(barrier.wait, support.PATIENCE)
        await asyncio.sleep(0.002)
        return loop

    def work(context):
        return support.run_owning(meet())

    workers = [start_worker(work) for _ in range(3)]
    loops = [support.run_in_main_loop(meet())]
    loops += [worker.collect() for worker in workers]
    assert len(set(loops)) == 4


def test_threads_send_to_each_other():
    ready = threading.Event()
    box = {}

    async def serve():
        loop = asyncio.get_running_loop()
        box["loop"], box["over"] = loop, loop.create_future()
        ready.set()
        return await box["over"]

    async def send():
        await asyncio.to_thread(ready.wait)
        box["loop"].call_soon_threadsafe(box["over"].set_result, "sent")

    worker = start_worker(lambda context: support.run_owning(serve()))
    support.run_in_main_loop(send())
    assert worker.collect() == "sent"


def test_second_thread_many_times():
    """Thread states come and go with the runs."""

    def work(context):
        return AioGuest.run(main(), debug=False)

    start_worker(work).collect()
    gc.collect()
    descriptors = support.descriptors()
    for _ in range(30):
        start_worker(work).collect()
    # The main contexts have descriptors of their own, and go with the cycles.
    gc.collect()
    assert support.descriptors() == descriptors
    assert threading.active_count() == 1
