# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.describe(), and what AIOGUEST_DEBUG logs."""

import _thread
import asyncio
import os
import re
import subprocess
import sys
import threading
import time
import types

import pytest
from gi.repository import AioGuest, GLib

import support


def line_of(function, offset):
    return f"{__file__}:{function.__code__.co_firstlineno + offset} in "


def value(text, key):
    """What follows *key* and a colon, of the only line that begins so."""
    (found,) = re.findall(rf"^ *{re.escape(key)}: (.*)$", text, re.MULTILINE)
    return found


def test_without_a_run():
    text = AioGuest.describe()
    assert text.startswith(f"AioGuest {AioGuest.VERSION_S}, Python ")
    assert f"GLib {GLib.MAJOR_VERSION}.{GLib.MINOR_VERSION}." in text
    assert "\n0 runs going on in this process\n" in text
    assert text.endswith("\n")


def test_run_and_its_settings(run):
    async def main():
        return AioGuest.describe(), AioGuest.get_run().get_poller().get_fd()

    text, fd = run(main(), name="the name", priority=7, slice_us=1500)
    assert "\n1 run going on in this process\n" in text
    assert "\nrun 'the name'\n" in text
    assert value(text, "thread").startswith("MainThread (")
    assert value(text, "thread").endswith(", the calling one")
    mode = os.environ.get("AIOGUEST_POLL_MODE") or "direct"
    assert (
        f"running, priority 7, slice 1500 us, period 5000 us, descriptor {fd} polled in mode {mode}"
        in text
    )
    assert re.search(r"\d+ ticks, busy for [\d.]+ ms, longest [\d.]+ ms, \d+ slices deferred", text)
    assert value(text, "ticks going on, nested") == "1"
    assert value(text, "main task") == "'the name'"


def longest_eager_step():
    """In seconds."""
    (found,) = re.findall(r", longest eager step ([\d.]+) ms$", AioGuest.describe(), re.MULTILINE)
    return float(found) / 1000


def test_eager_step(run):
    """It is no part of a tick, in a callback of the host."""
    took = []

    @AioGuest.handler
    async def block():
        begun = time.monotonic()
        while time.monotonic() < begun + 0.02:
            pass
        took.append(time.monotonic() - begun)

    async def main():
        before = longest_eager_step()
        over = asyncio.get_running_loop().create_future()
        GLib.idle_add(lambda: block() or over.set_result(None))
        await over
        return before, longest_eager_step()

    before, after = run(main())
    assert before == 0
    # The text has microseconds.
    assert after >= took[0] - 1e-6


def test_environment_is_told(run):
    async def main():
        return AioGuest.describe()

    text = run(main())
    for name in ("AIOGUEST_TICK", "AIOGUEST_POLL_MODE"):
        assert (f"\n{name}={os.environ.get(name)}\n" in text) == bool(os.environ.get(name))


def test_kind_of_tick_and_why(run):
    async def main():
        loop = asyncio.get_running_loop()
        kinds = [value(AioGuest.describe(), "tick")]
        loop.set_debug(True)
        kinds.append(value(AioGuest.describe(), "tick"))
        loop.set_debug(False)
        loop.time = type(loop).time.__get__(loop)
        kinds.append(value(AioGuest.describe(), "tick"))
        del loop.time
        kinds.append(value(AioGuest.describe(), "tick"))
        return kinds

    kinds = run(main())
    if support.TICK == "stock":
        assert kinds == ["stock, because it was asked for"] * 4
    else:
        assert kinds == [
            "native",
            "stock, because the loop is in debug mode",
            "stock, because the loop or its handles have methods in the place of asyncio's",
            "native",
        ]


def test_queues(run):
    async def main():
        loop = asyncio.get_running_loop()
        read_fd, write_fd = os.pipe()
        before = int(value(AioGuest.describe(), "descriptors watched, the loop's own included"))
        loop.add_reader(read_fd, int)
        loop.call_later(1000, int)
        loop.call_later(2000, int).cancel()
        loop.call_soon(int)
        loop.call_soon(int).cancel()
        text = AioGuest.describe()
        loop.remove_reader(read_fd)
        os.close(read_fd)
        os.close(write_fd)
        return before, text

    before, text = run(main())
    assert value(text, "callbacks ready") == "1"
    assert re.fullmatch(r"1, the next in \d+\.\d+ s", value(text, "timers pending"))
    assert int(value(text, "descriptors watched, the loop's own included")) == before + 1


def test_where_tasks_wait():
    async def inner(event):
        await event.wait()

    async def outer(event):
        try:
            pass
        finally:
            await inner(event)

    async def joiner(task):
        await task

    async def main():
        event = asyncio.Event()
        task = asyncio.create_task(outer(event), name="waiting")
        other = asyncio.create_task(joiner(task), name="joining")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        texts = [AioGuest.describe()]
        over = asyncio.get_running_loop().create_future()
        GLib.idle_add(lambda: over.set_result(AioGuest.describe()))
        texts.append(await over)
        event.set()
        await other
        return texts

    in_step, in_host = support.run_in_main_loop(main(), name="main")
    waiting = in_step.partition("    'waiting'\n")[2].splitlines()
    assert waiting[0].startswith("      at " + line_of(outer, 4))
    assert waiting[1].startswith("      at " + line_of(inner, 1))
    assert waiting[-1] == "      waits for a Future"
    joining = in_step.partition("    'joining'\n")[2].splitlines()
    assert joining[0].startswith("      at " + line_of(joiner, 1))
    assert joining[1] == "      waits for task 'waiting'"
    assert "    'main', in its step now\n" in in_step
    assert value(in_step, "tasks not done") == "3"
    assert "    'main'\n" in in_host
    assert value(in_host, "ticks going on, nested") == "0"


def test_place_without_a_line():
    """Not every instruction has one: a thread may be looked at between two lines."""

    async def wait(future):
        await future

    wait.__code__ = wait.__code__.replace(co_linetable=b"")

    async def main():
        future = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(wait(future), name="without lines")
        await asyncio.sleep(0)
        assert task.get_coro().cr_frame.f_lineno is None
        text = AioGuest.describe()
        future.set_result(None)
        await task
        return text

    text = support.run_owning(main())
    first = wait.__code__.co_firstlineno
    assert f"'without lines'\n      at {__file__}:{first} in test_place_without_a_line" in text


def test_cancelled_task():
    async def stubborn():
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            await asyncio.sleep(0.001)

    async def main():
        task = asyncio.create_task(stubborn(), name="stubborn")
        await asyncio.sleep(0)
        task.cancel()
        text = AioGuest.describe()
        await task
        return text

    assert "    'stubborn', asked 1 times to cancel\n" in support.run_owning(main())


def test_from_another_thread():
    async def main():
        return await asyncio.to_thread(AioGuest.describe)

    text = support.run_owning(main(), name="main")
    assert value(text, "thread").startswith("MainThread (")
    assert "the calling one" not in text
    assert value(text, "main task") == "'main'"
    assert "are unknown to another thread" in text
    assert re.search(r"^  the thread is at .*:\d+ in ", text, re.MULTILINE)
    assert "tasks not done" not in text


def test_runs_on_several_threads():
    texts = []
    begun, over = threading.Event(), threading.Event()

    def in_thread():
        async def main():
            begun.set()
            await asyncio.to_thread(over.wait)

        context = GLib.MainContext()
        AioGuest.run(main(), main_context=context, debug=False, name="other")

    async def main():
        thread = threading.Thread(target=in_thread, name="worker")
        thread.start()
        begun.wait()
        texts.append(AioGuest.describe())
        over.set()
        await asyncio.to_thread(thread.join)

    support.run_owning(main(), name="own")
    (text,) = texts
    assert "\n2 runs going on in this process\n" in text
    assert "\nrun 'own'\n" in text
    assert "  thread: worker (" in text
    assert "  main task: 'other'\n" in text
    # That of the calling thread only.
    assert value(text, "tasks not done") == "1"


def test_asyncio_that_is_not_as_known(monkeypatch):
    from gi.overrides.AioGuest import _describe

    core = types.SimpleNamespace(verified=False, difference="its name")
    monkeypatch.setattr(_describe, "_core", core)
    assert "\nthe native tick can't be used: its name\n" in AioGuest.describe()


def test_loop_without_a_main_task():
    async def main():
        return AioGuest.describe()

    loop = AioGuest.EventLoop()
    try:
        text = loop.run_until_complete(main())
    finally:
        loop.close()
    assert value(text, "main task") == "none"


def test_thread_that_python_has_not_made():
    begun, ended = threading.Event(), threading.Event()
    finish = []

    def in_thread():
        async def main():
            loop = asyncio.get_running_loop()
            over = loop.create_future()
            finish.append(lambda: loop.call_soon_threadsafe(over.set_result, None))
            begun.set()
            await over

        AioGuest.run(main(), main_context=GLib.MainContext(), debug=False)
        ended.set()

    # threading has no entry for it.
    ident = _thread.start_new_thread(in_thread, ())
    begun.wait()
    try:
        text = AioGuest.describe()
    finally:
        finish[0]()
        ended.wait()
    assert value(text, "thread") == f"{ident}, not made by Python"


def test_draining():
    texts = []

    async def slow():
        try:
            await asyncio.sleep(1000)
        finally:
            texts.append(AioGuest.describe())

    async def main():
        asyncio.create_task(slow())
        await asyncio.sleep(0)

    support.run_owning(main(), name="main")
    assert value(texts[0], "main task") == "'main', draining"


def test_unknown_queues(monkeypatch):
    """An asyncio that names them otherwise."""
    from gi.overrides.AioGuest import _describe

    monkeypatch.setattr(_describe, "get_queues", lambda loop: (None, None, None))
    monkeypatch.setattr(_describe, "get_waiter", lambda task: None)

    async def main():
        return AioGuest.describe()

    text = support.run_owning(main())
    assert value(text, "callbacks ready") == "not known with this asyncio"
    assert value(text, "timers pending") == "not known with this asyncio"


@pytest.mark.parametrize(
    "what, patterns",
    [
        ("", []),
        ("ticks", [r'"main": (native|stock) tick', r'"main": stock tick, because ']),
        ("turns", [r'"main": turn, depth 0: ']),
        ("runs", [r'"main": attached', r'"main": ended after \d+ ticks']),
    ],
)
def test_debug_log(what, patterns):
    program = """
import asyncio
import gi
gi.require_version("AioGuest", "1.0")
from gi.repository import AioGuest
async def main():
    await asyncio.sleep(0.001)
    asyncio.get_running_loop().set_debug(True)
    await asyncio.sleep(0.001)
AioGuest.run(main(), name="main", debug=False)
"""
    process = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, timeout=support.PATIENCE, check=True,
        env={**os.environ, "AIOGUEST_DEBUG": what},
    )
    lines = [line for line in process.stderr.splitlines() if "AioGuest" in line]
    assert bool(lines) == bool(patterns), process.stderr
    for pattern in patterns:
        assert any(re.search(pattern, line) for line in lines), process.stderr
