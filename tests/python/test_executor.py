# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Work on threads: executors and to_thread()."""

import asyncio
import concurrent.futures
import contextvars
import threading
import warnings

import pytest
from gi.overrides.AioGuest._executors import describe_work

import support


def test_run_in_executor(run):
    async def main():
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, threading.get_ident)

    assert run(main()) != threading.get_ident()


def test_to_thread_with_context(run):
    variable = contextvars.ContextVar("variable")

    async def main():
        variable.set("seen")
        return await asyncio.to_thread(variable.get)

    assert run(main()) == "seen"


def test_exception(run):
    def fail():
        raise LookupError("on the thread")

    async def main():
        with pytest.raises(LookupError, match="on the thread"):
            await asyncio.to_thread(fail)

    run(main())


def test_own_executor(run):
    async def main():
        loop = asyncio.get_running_loop()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return await asyncio.gather(
                *(loop.run_in_executor(pool, pow, 2, n) for n in range(50))
            )

    assert run(main()) == [2**n for n in range(50)]


def test_many(run):
    async def main():
        return await asyncio.gather(*(asyncio.to_thread(int, n) for n in range(200)))

    assert run(main()) == list(range(200))


def test_default_executor_ends_with_the_run(run):
    before = threading.active_count()

    async def main():
        await asyncio.gather(*(asyncio.to_thread(int) for _ in range(10)))
        assert threading.active_count() > before

    run(main())
    assert threading.active_count() == before


def test_end_of_run_waits_for_the_executor():
    started = threading.Event()
    release = threading.Event()
    order = []

    def work():
        started.set()
        release.wait()
        order.append("work")

    async def main():
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, work)
        await loop.run_in_executor(None, started.wait)
        loop.call_soon(release.set)

    support.run_owning(main())
    order.append("over")
    assert order == ["work", "over"]


def test_run_coroutine_threadsafe(run):
    async def answer():
        await asyncio.sleep(0.001)
        return 42

    async def main():
        loop = asyncio.get_running_loop()

        def ask():
            return asyncio.run_coroutine_threadsafe(answer(), loop).result(30)

        return await asyncio.to_thread(ask)

    assert run(main()) == 42


def test_executor_that_is_given_a_time_to_end(run):
    """As those of Python 3.12 on are: it is the run's."""
    times = []

    class Loop(asyncio.SelectorEventLoop):
        async def shutdown_default_executor(self, timeout=None):
            times.append(timeout)
            await super().shutdown_default_executor()

    assert run(asyncio.sleep(0, "done"), loop_factory=Loop, shutdown_timeout=7) == "done"
    assert times == [7]


def load_everything(release):
    release.wait()


def test_warning_names_what_does_not_end():
    """Also a function in C; not a thread that waits for work."""
    held, release = threading.Lock(), threading.Event()
    messages = []

    def show(message, *args, **kwargs):
        if str(message).startswith("threads of the default executor"):
            messages.append(str(message))
            release.set()
            held.release()

    async def main():
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, load_everything, release)
        left = asyncio.create_task(asyncio.to_thread(held.acquire))  # noqa: F841
        await asyncio.to_thread(int)
        while describe_work(loop).count(" is in ") < 2:
            await asyncio.sleep(0.001)

    held.acquire()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        support.run_owning(main(), shutdown_timeout=0.01)
    message, = messages
    assert "is in load_everything(), at " in message
    assert "is in lock.acquire()" in message
    assert message.count(" is in ") == 2


def test_no_warning_without_an_executor(recwarn):
    async def main():
        await asyncio.sleep(0)

    support.run_owning(main(), shutdown_timeout=0)
    assert list(recwarn) == []
