# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Neither the guest nor the host starves the other.

A screen of 60 Hz paints at GDK's redraw priority, an idle source counts, and
the guest floods the main context in one way or another.
"""

import asyncio
import contextlib
import math
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gi.repository import AioGuest, GLib

import support

SECONDS = 2.0
REDRAW = 120  # GDK_PRIORITY_REDRAW


def work(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def waited_for_cpu():
    """Seconds in which this thread could have run, but the kernel ran others."""
    try:
        with open("/proc/thread-self/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except FileNotFoundError:
        return 0.0


class Screen:
    """Paints at each refresh of a fixed grid; a frame that is late takes the next.

    Frames that other processes have kept the whole thread from are counted apart:
    nothing in the thread could have saved them.
    """

    period = 1 / 60

    def __init__(self):
        self.frames = 0
        self.lost = 0
        self.idle = 0
        self.intervals = []

    @property
    def due(self):
        return self.frames + self.lost

    def start(self):
        self.origin = self.last = time.monotonic()
        self.waited = waited_for_cpu()
        self.sources = [GLib.idle_add(self.count, priority=GLib.PRIORITY_DEFAULT_IDLE)]
        self.arm()

    def arm(self):
        now = time.monotonic()
        refresh = math.floor((now - self.origin) / self.period) + 1
        delay = self.origin + refresh * self.period - now
        self.timeout = GLib.timeout_add(math.ceil(delay * 1000), self.paint, priority=REDRAW)

    def paint(self):
        now, waited = time.monotonic(), waited_for_cpu()
        before = math.floor((self.last - self.origin) / self.period)
        missed = math.floor((now - self.origin) / self.period) - before - 1
        without = now - (waited - self.waited)
        own = math.floor((without - self.origin) / self.period) - before - 1
        self.lost += max(missed, 0) - max(own, 0)
        self.intervals.append(now - self.last)
        self.last, self.waited = now, waited
        self.frames += 1
        work(0.0015)
        self.arm()
        return GLib.SOURCE_REMOVE

    def count(self):
        self.idle += 1
        return GLib.SOURCE_CONTINUE

    def stop(self):
        GLib.source_remove(self.timeout)
        for source in self.sources:
            GLib.source_remove(source)


def measure():
    """Paint for a while in a main loop."""
    screen = Screen()
    main_loop = GLib.MainLoop()
    GLib.timeout_add(
        int(SECONDS * 1000), lambda: main_loop.quit(), priority=GLib.PRIORITY_HIGH
    )
    screen.start()
    main_loop.run()
    screen.stop()
    return screen


@contextlib.contextmanager
def guest(main):
    """A guest that has told by an event that it is at work."""
    at_work = asyncio.Event()
    task = support.start(main(at_work), done_callback=lambda task: None)
    rescue = support.Rescue()
    rescue.until(lambda: at_work.is_set() or task.done())
    try:
        yield task
    finally:
        task.cancel()
        rescue.until(lambda: asyncio._get_running_loop() is None, 1_000_000)


class Sleepers:
    """50 tasks that loop on sleep(0)."""

    count = 0

    async def task(self):
        while True:
            await asyncio.sleep(0)
            self.count += 1

    async def main(self, at_work):
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(self.task())
            at_work.set()


class Readers:
    """50 descriptors that are always readable."""

    count = 0

    def readable(self):
        self.count += 1

    async def main(self, at_work):
        loop = asyncio.get_running_loop()
        pairs = [socket.socketpair() for _ in range(50)]
        try:
            for left, right in pairs:
                right.send(b"never read")
                loop.add_reader(left, self.readable)
            at_work.set()
            await asyncio.Event().wait()
        finally:
            for left, right in pairs:
                loop.remove_reader(left)
                left.close()
                right.close()


class Echo:
    """100 connections that a client in another process keeps busy."""

    count = 0
    connections = 100

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                self.count += 1
                writer.write(data)
            writer.close()

    async def main(self, at_work):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=200)
        async with server:
            client = subprocess.Popen(
                [
                    sys.executable,
                    Path(__file__).with_name("echo_client.py"),
                    str(server.sockets[0].getsockname()[1]),
                    str(self.connections),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            try:
                line = await asyncio.to_thread(client.stdout.readline)
                assert line == b"connected\n"
                at_work.set()
                await asyncio.Event().wait()
            finally:
                client.stdin.close()
                client.stdout.close()
                await asyncio.to_thread(client.wait)


@pytest.mark.parametrize("flood", [Sleepers, Readers, Echo], ids=lambda flood: flood.__name__)
def test_frames_come_beside_a_flood(flood, record_property):
    free = measure()
    load = flood()
    with guest(load.main):
        before = load.count
        run = AioGuest.get_run()
        busy = run.props.busy_time
        loaded = measure()
        done = load.count - before
        share = (run.props.busy_time - busy) / (SECONDS * 1e6)
        longest = run.props.longest_tick
    ratio = loaded.due / free.due
    record_property(
        "figures",
        f"{loaded.frames} of {free.frames} frames, and {loaded.lost} and {free.lost} lost "
        f"to other processes ({ratio:.1%}), longest interval "
        f"{max(loaded.intervals) * 1000:.1f} ms, {loaded.idle} idle callbacks, "
        f"{done / SECONDS:.0f} guest callbacks/s, guest {share:.0%} of the time, "
        f"longest tick {longest / 1000:.1f} ms",
    )
    assert done > 0
    # It is not by chance that idle callbacks run.
    assert loaded.idle > 20
    assert ratio >= 0.95


def test_guest_beside_a_host_that_never_rests(record_property):
    ticks = []
    load = Sleepers()
    with guest(load.main):
        run = AioGuest.get_run()
        period = run.props.period / 1e6
        handler = run.connect(
            "notify::ticks", lambda *args: ticks.append(time.monotonic())
        )
        main_loop = GLib.MainLoop()
        start = time.monotonic()

        def host():
            work(0.001)
            if time.monotonic() >= start + SECONDS:
                main_loop.quit()
                return GLib.SOURCE_REMOVE
            return GLib.SOURCE_CONTINUE

        GLib.idle_add(host, priority=GLib.PRIORITY_DEFAULT)
        busy, before, waited = run.props.busy_time, load.count, waited_for_cpu()
        main_loop.run()
        waited = waited_for_cpu() - waited
        share = (run.props.busy_time - busy) / ((SECONDS - waited) * 1e6)
        done = load.count - before
        run.disconnect(handler)
    gaps = [after - this for this, after in zip(ticks, ticks[1:])]
    # A turn of the host may be under way when the period ends.
    wanted = math.floor((SECONDS - waited) / (period + 0.0015))
    record_property(
        "figures",
        f"{len(ticks)} slices in {SECONDS / period:.0f} periods of {period * 1000:g} ms "
        f"({waited:.2f} s lost to other processes), longest wait "
        f"{max(gaps) * 1000:.1f} ms, guest {share:.0%} of the time, "
        f"{done / SECONDS:.0f} guest callbacks/s",
    )
    assert len(ticks) >= wanted
    assert share > 0.1


def test_lower_priority_than_the_idle_turns():
    """What is below the guest's idle priority gets a turn now and then."""
    seen = []
    load = Sleepers()
    with guest(load.main):
        main_loop = GLib.MainLoop()

        def low():
            seen.append(True)
            if len(seen) == 5:
                main_loop.quit()
                return GLib.SOURCE_REMOVE
            return GLib.SOURCE_CONTINUE

        GLib.idle_add(low, priority=GLib.PRIORITY_LOW)
        timeout = GLib.timeout_add_seconds(30, main_loop.quit, priority=GLib.PRIORITY_HIGH)
        main_loop.run()
        if len(seen) == 5:
            GLib.source_remove(timeout)
    assert len(seen) == 5


def test_host_priorities_are_kept_while_the_guest_is_modest():
    """A guest that keeps within its slice is not put behind idle callbacks."""
    order = []

    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.02)
        over = loop.create_future()

        def in_host():
            GLib.idle_add(lambda: order.append("idle"), priority=GLib.PRIORITY_DEFAULT_IDLE)
            loop.call_soon(order.append, "guest")
            GLib.idle_add(
                lambda: over.set_result(None), priority=GLib.PRIORITY_DEFAULT_IDLE + 1
            )

        GLib.idle_add(in_host, priority=GLib.PRIORITY_DEFAULT)
        await over

    support.run_in_main_loop(main())
    assert order == ["guest", "idle"]


def test_readable_descriptor_stays_behind_the_host():
    """Slices that end with the descriptor still readable leave work, though nothing is queued."""
    ahead = []

    async def main():
        run = AioGuest.get_run()
        # No turn by right: each one is taken because the host is idle.
        run.props.period = 60_000_000
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        asked = answered = 0

        def host():
            nonlocal answered
            answered += 1
            return GLib.SOURCE_REMOVE

        def readable():
            nonlocal asked
            ahead.append(asked - answered)
            work(2 * run.props.slice / 1e6)
            asked += 1
            GLib.idle_add(host, priority=GLib.PRIORITY_DEFAULT)
            if asked == 20:
                loop.remove_reader(left)
                over.set_result(None)

        left, right = socket.socketpair()
        with left, right:
            right.send(b"never read")
            loop.add_reader(left, readable)
            await over

    support.run_in_main_loop(main())
    assert ahead == [0] * 20
