# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Idle means idle: no wake-up and no CPU time when nothing is due."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gi.repository import AioGuest

import support

pytestmark = pytest.mark.every_host

SECONDS = 5.0


def look(pid):
    """Name, voluntary context switches, clock ticks used, and whether it is asleep; by thread."""
    result = {}
    for thread in sorted(os.listdir(f"/proc/{pid}/task")):
        base = f"/proc/{pid}/task/{thread}"
        with open(f"{base}/status") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
        with open(f"{base}/stat") as file:
            stat = file.read().rpartition(") ")[2].split()
        result[thread] = (
            status["Name"],
            int(status["voluntary_ctxt_switches"]),
            int(stat[11]) + int(stat[12]),
            status["State"].startswith("S"),
        )
    return result


def wait_until_calm(pid):
    """Until all threads are asleep, at two looks with nothing in between.

    There was a moment then at which all of them slept, so that only a timer, or somebody else, can
    wake one. A thread that has something to do is not asleep, however long others keep it from it.
    """
    before = None
    while True:
        now = look(pid)
        if now == before and all(asleep for *_, asleep in now.values()):
            return now
        before = now
        time.sleep(0.01)


def test_no_context_switch(record_property):
    process = subprocess.Popen(
        [sys.executable, "-u", Path(__file__).parent / "helpers" / "idle_guest.py"],
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout.readline() == b"idle\n"
        before = wait_until_calm(process.pid)
        time.sleep(SECONDS)
        after = look(process.pid)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    total = sum(value[1] for value in after.values()) - sum(v[1] for v in before.values())
    record_property("idle", f"{total} context switches of {len(after)} threads in {SECONDS} s")
    assert after == before


def test_hung_up_pipe_gives_eof_once(run, record_property):
    class Protocol(asyncio.Protocol):
        def __init__(self, over):
            self.events = []
            self.over = over

        def data_received(self, data):
            self.events.append(data)

        def eof_received(self):
            self.events.append("eof")

        def connection_lost(self, error):
            self.events.append(error)
            self.over.set_result(None)

    async def main():
        loop = asyncio.get_running_loop()
        read_fd, write_fd = os.pipe()
        transport, protocol = await loop.connect_read_pipe(
            lambda: Protocol(loop.create_future()), os.fdopen(read_fd, "rb", 0)
        )
        os.write(write_fd, b"last words")
        os.close(write_fd)
        await protocol.over
        before = AioGuest.get_run().props.ticks
        await asyncio.sleep(0.3)
        return protocol.events, AioGuest.get_run().props.ticks - before

    events, ticks = run(main())
    record_property("ticks", ticks)
    assert events == [b"last words", "eof", None]
    assert ticks < 10


def test_hung_up_pipe_by_add_reader(run):
    async def main():
        loop = asyncio.get_running_loop()
        read_fd, write_fd = os.pipe()
        reads = []
        over = loop.create_future()

        def readable():
            reads.append(os.read(read_fd, 100))
            if not reads[-1]:
                loop.remove_reader(read_fd)
                over.set_result(None)

        loop.add_reader(read_fd, readable)
        os.close(write_fd)
        await over
        before = AioGuest.get_run().props.ticks
        # The hung-up descriptor is still open, but nobody asks for it.
        await asyncio.sleep(0.3)
        ticks = AioGuest.get_run().props.ticks - before
        os.close(read_fd)
        return reads, ticks

    reads, ticks = run(main())
    assert reads == [b""]
    assert ticks < 10


def test_reader_cancelled_while_readable_does_not_spin(run):
    """The handle is cancelled by hand, the registration stays."""

    async def main():
        loop = asyncio.get_running_loop()
        read_fd, write_fd = os.pipe()
        loop.add_reader(read_fd, print, "not called")
        key = loop._selector.get_key(read_fd)
        key.data[0].cancel()
        os.write(write_fd, b"x")
        await asyncio.sleep(0.02)
        before = AioGuest.get_run().props.ticks
        await asyncio.sleep(0.2)
        ticks = AioGuest.get_run().props.ticks - before
        os.close(read_fd)
        os.close(write_fd)
        return ticks

    assert run(main()) < 10


def test_waiting_makes_no_ticks(run):
    async def main():
        before = AioGuest.get_run().props.ticks
        await asyncio.sleep(0.3)
        return AioGuest.get_run().props.ticks - before

    assert run(main()) < 5


def test_idle_host_sleeps():
    """With a sleeping guest the main context has nothing ready."""
    async def main():
        await asyncio.sleep(3600)

    task = support.start(main())
    rescue = support.Rescue()
    rescue.settle()
    assert not any(rescue.context.iteration(False) for _ in range(50))
    task.cancel()
    rescue.until(lambda: asyncio._get_running_loop() is None)
