# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Neither the guest nor the host starves the other.

A screen of 60 Hz paints at GDK's redraw priority, an idle source counts, and
the guest floods the main context in one way or another. What is judged holds on
a busy machine, too: counts, and what frames cost as a rule. Not their number in
a time, even of the processor: the kernel charges a thread for the pages that it
has to find for it, which under AddressSanitizer, whose allocator hardly takes a
block twice, is up to some fifty milliseconds at once.
"""

import asyncio
import contextlib
import math
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gi.repository import AioGuest, GLib

import support

#: So long a test paints, of the time that the kernel gives the thread.
SECONDS = 2.0
REDRAW = 120  # GDK_PRIORITY_REDRAW


def work(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


class Screen:
    """Paints at each refresh of a fixed grid; a frame that is late takes the next."""

    period = 1 / 60

    def __init__(self, run):
        self.idle = 0
        #: Of each frame: the slices that the guest began between the refresh and the frame.
        self.slices = []
        #: Of each frame: the time that the thread has had the processor for since the last one.
        self.costs = []
        self._run = run
        self._main_loop = GLib.MainLoop()

    @property
    def seconds(self):
        return sum(self.costs)

    def run(self):
        """Paint for a while in a main loop, and until it is not by chance that idle callbacks run."""
        self._origin = time.monotonic()
        self._start = self._last = time.thread_time()
        self._busy = self._run.props.busy_time
        handler = self._run.connect("notify::busy-time", self._guest_ran)
        sources = [
            GLib.idle_add(self._count, priority=GLib.PRIORITY_DEFAULT_IDLE),
            GLib.timeout_add(20, self._look, priority=GLib.PRIORITY_HIGH),
        ]
        self._arm()
        self._main_loop.run()
        for source in (*sources, self._timeout):
            GLib.source_remove(source)
        self._run.disconnect(handler)

    def _look(self):
        seconds = time.thread_time() - self._start
        if seconds >= (SECONDS if self.idle > 20 else 10 * SECONDS):
            self._main_loop.quit()
        return GLib.SOURCE_CONTINUE

    def _arm(self):
        now = time.monotonic()
        refresh = math.floor((now - self._origin) / self.period) + 1
        self._due = self._origin + refresh * self.period
        self._before = 0.0
        self._timeout = GLib.timeout_add(
            math.ceil((self._due - now) * 1000), self._paint, priority=REDRAW
        )

    def _guest_ran(self, run, pspec):
        elapsed = run.props.busy_time - self._busy
        self._busy += elapsed
        if time.monotonic() - elapsed / 1e6 > self._due:
            # What the machine takes in the midst of a slice makes it longer, but not two of it.
            self._before += min(elapsed / run.props.slice, 1)

    def _paint(self):
        now = time.thread_time()
        self.costs.append(now - self._last)
        self._last = now
        self.slices.append(self._before)
        work(0.0015)
        self._arm()
        return GLib.SOURCE_REMOVE

    def _count(self):
        self.idle += 1
        return GLib.SOURCE_CONTINUE


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
                    Path(__file__).parent / "helpers" / "echo_client.py",
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
    load = flood()
    with guest(load.main):
        before = load.count
        run = AioGuest.get_run()
        screen = Screen(run)
        screen.run()
        done = load.count - before
        longest = run.props.longest_tick
    assert len(screen.costs) > 20
    # All but one of twenty: what the machine takes between two slices lets a third one come due.
    most = sorted(screen.slices)[-len(screen.slices) // 20]
    cost = statistics.median(screen.costs)
    record_property(
        "figures",
        f"{len(screen.costs)} frames in {screen.seconds:.2f} s of processor time "
        f"({screen.period / cost:.1%} of the refreshes by the median, "
        f"{len(screen.costs) * screen.period / screen.seconds:.1%} by the mean), "
        f"{most:.1f} slices before a frame ({max(screen.slices):.1f} at most), "
        f"{screen.idle} idle callbacks, {done} guest callbacks, "
        f"longest tick {longest / 1000:.1f} ms",
    )
    assert done > 0
    assert screen.idle > 20
    # One may have been decided on before the refresh; those that the guest has by right end with
    # the first that exceeds a slice.
    assert 0 < max(screen.slices) and most <= 3
    # And, as a rule, none of them keeps a frame beyond the next refresh.
    assert cost <= 1.5 * screen.period


def test_guest_beside_a_host_that_never_rests(record_property):
    """It gets a slice in each period, told by the turns that the host has between them."""
    turns = [0]
    load = Sleepers()
    with guest(load.main):
        run = AioGuest.get_run()
        # Each turn takes a millisecond or more. One may be under way when the period ends, and
        # one come first in the turn of the main loop.
        most = math.ceil(run.props.period / 1000) + 2
        main_loop = GLib.MainLoop()

        def host():
            work(0.001)
            turns[-1] += 1
            if len(turns) > 200 or turns[-1] > most:
                main_loop.quit()
                return GLib.SOURCE_REMOVE
            return GLib.SOURCE_CONTINUE

        GLib.idle_add(host, priority=GLib.PRIORITY_DEFAULT)
        handler = run.connect("notify::ticks", lambda *args: turns.append(0))
        busy, before = run.props.busy_time, load.count
        main_loop.run()
        run.disconnect(handler)
        busy, done = run.props.busy_time - busy, load.count - before
        slices = len(turns) - 1
        record_property(
            "figures",
            f"{slices} slices, {max(turns)} turns of the host between two at most, "
            f"{done / slices:.0f} guest callbacks in a slice",
        )
        assert max(turns) <= most
        # And they are whole ones.
        assert busy >= slices * run.props.slice


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
        # For ever, if it never gets one.
        main_loop.run()


def test_host_priorities_are_kept_while_the_guest_is_modest():
    """A guest that keeps within its slice is not put behind idle callbacks."""
    order = []

    async def main():
        # However slow the machine is.
        AioGuest.get_run().props.slice = 60_000_000
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
