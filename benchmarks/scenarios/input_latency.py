# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Input: how long an event of the host waits for its handler while the guest is busy.

Another process writes the time to a pipe, which the host watches at default priority, as it does
the connection to the display server. Without a host (plain asyncio) the loop's own reader is taken.
"""

import asyncio
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

from cases import Case
from figures import latencies
from scenarios import _loads as loads
from scenarios._systems import ONE_OF_EACH

ORDER = 150

STAMPS = Path(__file__).parents[1] / 'clients/stamps.py'


class Events:
    """How many seconds each of the events seen so far has waited."""

    def __init__(self):
        self.waits = []

    def on_readable(self, fd, *condition):
        # Those that have waited longest come first; all are due now.
        data = os.read(fd, 4096)
        now = time.monotonic_ns()
        self.waits += ((now - stamp) / 1e9 for stamp, in struct.iter_unpack('q', data))
        return True


def watch(fd, callback, in_host):
    """Have callback(fd, ...) called when fd is readable; returns a function that ends this."""
    if not in_host:
        loop = asyncio.get_running_loop()
        loop.add_reader(fd, callback, fd)
        return lambda: loop.remove_reader(fd)
    from gi.repository import GLib

    source = GLib.io_add_watch(fd, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN, callback)
    return lambda: GLib.source_remove(source)


async def latency(host, load, seconds):
    """Microseconds from an event until its handler runs."""
    events = Events()
    async with loads.LOADS[load](loads.Load()):
        with subprocess.Popen([sys.executable, '-S', STAMPS], stdout=subprocess.PIPE) as process:
            unwatch = watch(process.stdout.fileno(), events.on_readable, host.main_context)
            while not events.waits:
                await asyncio.sleep(0.01)
            await asyncio.sleep(seconds)
            unwatch()
            process.kill()
    return {**latencies(events.waits), 'max': max(events.waits) * 1e6}


def _case(load):
    return Case(
        f'input to handler, guest: {load}',
        unit='µs',
        better='lower',
        measure=latency,
        parameters={'load': load, 'seconds': 0.5},
        quick={'seconds': 0.3},
        tiny={'seconds': 0.05},
        systems=ONE_OF_EACH,
        limit=6.0,
        rounds=3,
        note='events from another process, at default priority',
    )


CASES = [_case(load) for load in loads.LOADS]
