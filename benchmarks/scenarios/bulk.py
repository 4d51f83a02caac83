# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Bulk transfer: how fast a protocol receives what another process sends without a pause.

Sender and receiver share one core.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cases import Aim
from environments import DEFAULTS, RAISED
from figures import Section
from scenarios._reads import reading_case
from scenarios._systems import ONE_OF_EACH

ORDER = 118

SENDER = Path(__file__).parents[1] / 'clients/bulk.py'
MEGABYTE = 1_000_000


class Sink(asyncio.Protocol):
    """Counts what it receives."""

    def __init__(self):
        self.received = 0
        self.section = Section()
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if not self.received:
            self.section.begin()
            self.start = time.perf_counter()
        self.received += len(data)

    def connection_lost(self, error):
        self.elapsed = time.perf_counter() - self.start
        self.section.end()
        self.over.set_result(None)

    async def figures(self, size):
        await self.over
        if self.received != size:
            raise RuntimeError(f'{self.received} bytes received, not {size}')
        megabytes = size / MEGABYTE
        return {'rate': megabytes / self.elapsed, **self.section.figures(megabytes)}


def start_sender(size, *arguments, **more):
    return subprocess.Popen([sys.executable, '-S', SENDER, str(size), *arguments], **more)


async def tcp(host, size):
    sink = Sink()
    server = await asyncio.get_running_loop().create_server(lambda: sink, '127.0.0.1', 0)
    with start_sender(size, 'tcp', str(server.sockets[0].getsockname()[1])):
        figures = await sink.figures(size)
    server.close()
    return figures


async def unix(host, size):
    sink = Sink()
    with tempfile.TemporaryDirectory(prefix='aioguest-') as folder:
        path = f'{folder}/socket'
        server = await asyncio.get_running_loop().create_unix_server(lambda: sink, path)
        with start_sender(size, 'unix', path):
            figures = await sink.figures(size)
        server.close()
    return figures


async def pipe(host, size):
    sink = Sink()
    with start_sender(size, 'pipe', stdout=subprocess.PIPE) as sender:
        await asyncio.get_running_loop().connect_read_pipe(lambda: sink, sender.stdout)
        return await sink.figures(size)


def _case(name, measure):
    aims = tuple(Aim('ratio', '>=', 0.98, variant=variant) for variant in (DEFAULTS, RAISED))
    return reading_case(
        f'bulk, {name}',
        measure,
        of='MB',
        unit={'rate': 'MB/s'},
        parameters={'size': 1000 * MEGABYTE},
        quick={'size': 100 * MEGABYTE},
        tiny={'size': MEGABYTE},
        aim={'rate': aims},
        systems=ONE_OF_EACH,
        one_core=True,
        note='1 GB, from another process',
    )


CASES = [_case('TCP', tcp), _case('UNIX socket', unix), _case('pipe', pipe)]
