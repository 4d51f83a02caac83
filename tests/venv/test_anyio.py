# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AnyIO on AioGuest.EventLoop: its tasks, threads and cancel scopes, and its pytest plugin."""

import threading

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

import inner
import support  # first: it names the version of AioGuest

from gi.repository import GLib  # noqa: E402


@pytest.fixture(params=sorted(support.HOSTS))
def run(request):
    return support.HOSTS[request.param]


def test_task_group_and_stream(run):
    async def main():
        sender, receiver = anyio.create_memory_object_stream(1)

        async def send():
            async with sender:
                for number in range(10):
                    await sender.send(number)

        async with anyio.create_task_group() as group, receiver:
            group.start_soon(send)
            return [number async for number in receiver]

    assert run(main()) == list(range(10))


def test_cancel_scope(run):
    async def main():
        with anyio.move_on_after(0.005) as scope:
            await anyio.sleep_forever()
        event = anyio.Event()
        GLib.idle_add(event.set)
        with anyio.fail_after(support.PATIENCE):
            await event.wait()
        return scope.cancelled_caught

    assert run(main()) is True


def test_threads(run):
    async def main():
        def work():
            # Back on the thread of the loop for a moment.
            return threading.get_ident(), anyio.from_thread.run_sync(threading.get_ident)

        worker, back = await anyio.to_thread.run_sync(work)
        return worker != threading.get_ident(), back == threading.get_ident()

    assert run(main()) == (True, True)


TESTS = """
    import asyncio
    import anyio
    import pytest
    from gi.repository import AioGuest, GLib

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    async def fired():
        event = anyio.Event()
        GLib.timeout_add(1, event.set)
        await event.wait()
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 60)
            yield "fired"
            group.cancel_scope.cancel()

    async def test_loop():
        assert type(asyncio.get_running_loop()) is AioGuest.EventLoop

    async def test_fixture(fired):
        assert fired == "fired"

    async def test_fails(fired):
        assert fired == "as it is to"
"""


def test_pytest_plugin(tmp_path):
    # pytest-asyncio leaves the tests alone in this mode.
    outcome = inner.run(tmp_path, TESTS, "-o", "asyncio_mode=strict")
    assert outcome.returncode == 1
    assert "1 failed, 2 passed" in outcome.stdout
    assert "as it is to" in outcome.stdout
