# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Busy threads: a host that needs no Python, a Python thread that computes, a guest that waits.

GIO copies bytes from a socket back to it in the main context, all in C. Another process sends them
and takes the time until they are back. Nothing that is Python's should have a part in it: a guest
that takes the interpreter lock whenever the main context is iterated makes the host wait for the
thread's turn to end.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from cases import Aim, Case
from figures import latencies
from scenarios._systems import MORE_OF_OURS

ORDER = 160

PROBE = Path(__file__).parents[1] / 'clients/probe.py'


class Trial:
    """Host and probe; on_end() is called once the probe is done."""

    def __init__(self, seconds, on_end):
        from gi.repository import Gio, GLib

        ours, theirs = socket.socketpair()
        self.on_end = on_end
        with theirs:
            self.probe = subprocess.Popen(
                [sys.executable, '-S', PROBE, str(theirs.fileno()), str(seconds)],
                pass_fds=[theirs.fileno()],
                stdout=subprocess.PIPE,
            )
        connection = Gio.Socket.new_from_fd(ours.detach()).connection_factory_create_connection()
        # The streams do not keep it.
        self.connection = connection
        connection.get_output_stream().splice_async(
            connection.get_input_stream(), Gio.OutputStreamSpliceFlags.NONE,
            GLib.PRIORITY_DEFAULT, None, self._on_end,
        )

    def _on_end(self, sink, result):
        sink.splice_finish(result)
        self.trips = json.load(self.probe.stdout)
        self.probe.wait()
        self.connection.close()
        self.on_end()


class Spinning:
    """A thread that computes for the time of a with statement."""

    def __init__(self, cores):
        self.cores = cores

    def __enter__(self):
        self.stop = False
        self.thread = threading.Thread(target=self._spin)
        self.thread.start()

    def _spin(self):
        os.sched_setaffinity(0, self.cores)
        while not self.stop:
            pass

    def __exit__(self, *exception):
        self.stop = True
        self.thread.join()


def keep_apart(cores):
    """Host and probe on the first core; returns the others, for the thread.

    Whether the probe wakes the host on its own core or on another one makes more of a difference
    than what is measured.
    """
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[:1])
    return cores[1:] or cores


def alone(spinning, seconds):
    """Round trips of a host without a guest."""
    from gi.repository import GLib

    main_loop = GLib.MainLoop()
    trial = Trial(seconds, main_loop.quit)
    with spinning:
        main_loop.run()
    return trial.trips


async def beside(spinning, seconds):
    """Round trips of a host with a guest."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    # Some bridges don't notice what a callback of the host does to a future.
    trial = Trial(seconds, lambda: loop.call_soon_threadsafe(over.set_result, None))
    with spinning:
        await over
    return trial.trips


def compare(host, seconds):
    """Microseconds of the host's round trips, without and with the guest."""
    spinning = Spinning(keep_apart(sorted(os.sched_getaffinity(0))))
    without = latencies(alone(spinning, seconds))
    result = latencies(host.run(lambda: beside(spinning, seconds)))
    result.update({f'{name}, no guest': value for name, value in without.items()})
    return {**result, 'p50, ratio': result['p50'] / without['p50']}


CASES = [
    Case(
        'host beside a busy thread',
        unit={name: 'µs' for name in ('p50', 'p99', 'p50, no guest', 'p99, no guest')},
        better='lower',
        program=compare,
        parameters={'seconds': 0.5},
        quick={'seconds': 0.3},
        tiny={'seconds': 0.05},
        aim={'p50, ratio': Aim('value', '<=', 1.2)},
        needs_host=True,
        systems=MORE_OF_OURS,
        limit=8.0,
        rounds=3,
        note='round trips through a host that needs no Python, while a thread computes and the '
        'guest waits',
    ),
]
