# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""HTTP: aiohttp's client and server.

Requests with both ends in one loop; download and upload, whose server is another process without an
event loop; and wrk against a server of aiohttp in a GTK program.
"""

import asyncio
import contextlib
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from cases import Aim, Case, Unavailable
from figures import Section
from scenarios._application import AnimatedWindow, run_application
from scenarios._rates import reading_rate
from scenarios._reads import reading_case
from scenarios._systems import ONE_OF_EACH

ORDER = 130

SERVER = Path(__file__).parents[1] / 'clients/http.py'
MEGABYTE = 1_000_000
CHUNK = b'x' * 65536

MILLISECONDS = {'us': 1e-3, 'ms': 1.0, 's': 1e3}


def import_aiohttp():
    try:
        import aiohttp
        import aiohttp.web
    except ImportError:
        raise Unavailable('no aiohttp') from None
    return aiohttp


class Server:
    """An HTTP server with one answer, for the time of a with statement."""

    async def __aenter__(self):
        web = import_aiohttp().web

        async def answer(request):
            return web.Response(text='x' * 100)

        application = web.Application()
        application.router.add_get('/', answer)
        self.runner = web.AppRunner(application, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, '127.0.0.1', 0).start()
        return f'http://127.0.0.1:{self.runner.addresses[0][1]}/'

    async def __aexit__(self, *exception):
        await self.runner.cleanup()


async def both_ends(host, clients, seconds):
    """Requests a second."""
    async with Server() as url:
        async with import_aiohttp().ClientSession() as session:

            async def request():
                async with session.get(url) as response:
                    await response.read()

            return await reading_rate([request] * clients, seconds)


@contextlib.contextmanager
def bodies():
    """The address of a server in a process of its own that sends and takes bodies."""
    with socket.create_server(('127.0.0.1', 0)) as listening:
        descriptor = listening.fileno()
        server = subprocess.Popen(
            [sys.executable, '-S', SERVER, str(descriptor)], pass_fds=[descriptor]
        )
        try:
            yield f'http://127.0.0.1:{listening.getsockname()[1]}'
        finally:
            server.kill()
            server.wait()


async def transfer(request, size):
    """Megabytes a second of ``await request(size)``."""
    # Connect, and let the server start.
    await request(len(CHUNK))
    section = Section()
    section.begin()
    start = time.perf_counter()
    await request(size)
    elapsed = time.perf_counter() - start
    section.end()
    return {'rate': size / MEGABYTE / elapsed, **section.figures(size / MEGABYTE)}


async def download(host, size):
    with bodies() as url:
        async with import_aiohttp().ClientSession() as session:

            async def request(count):
                async with session.get(f'{url}/{count}') as response:
                    async for data in response.content.iter_any():
                        count -= len(data)
                if count:
                    raise RuntimeError(f'{count} bytes are missing')

            return await transfer(request, size)


async def upload(host, size):
    async def chunks(count):
        for _ in range(count // len(CHUNK)):
            yield CHUNK
        yield CHUNK[:count % len(CHUNK)]

    with bodies() as url:
        async with import_aiohttp().ClientSession() as session:

            async def request(count):
                length = {'Content-Length': str(count)}
                async with session.post(url, data=chunks(count), headers=length) as response:
                    await response.read()

            return await transfer(request, size)


def run_wrk(url, connections, seconds):
    """Requests a second, and the 99th percentile of their latency in milliseconds."""
    output = subprocess.run(
        ['wrk', '--latency', '-t1', f'-c{connections}', f'-d{seconds}s', url],
        check=True, capture_output=True, text=True,
    ).stdout
    rate = re.search(r'Requests/sec:\s+([\d.]+)', output)
    p99 = re.search(r'99%\s+([\d.]+)(us|ms|s)', output)
    return {'requests': float(rate[1]), 'p99': float(p99[1]) * MILLISECONDS[p99[2]]}


async def window_load(seconds):
    """What a window costs that animates by itself beside a guest at rest: per cent of a core."""
    # The first frames are not like the others.
    await asyncio.sleep(seconds)
    start, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    return 100 * (time.process_time() - used) / (time.perf_counter() - start)


def hosted(host, connections, seconds):
    """What wrk sees of a server in a program whose window animates, and the frames it paints."""
    if not shutil.which('wrk'):
        raise Unavailable('no wrk')

    async def without_window():
        async with Server() as url:
            return await asyncio.to_thread(run_wrk, url, connections, seconds)

    async def main(application):
        clock = AnimatedWindow(application).clock
        load = await window_load(seconds / 2)
        async with Server() as url:
            before, start = clock.get_frame_counter(), time.perf_counter()
            result = await asyncio.to_thread(run_wrk, url, connections, seconds)
            frames = clock.get_frame_counter() - before
            elapsed = time.perf_counter() - start
            return {**result, 'frames': frames / elapsed, 'window alone': load}

    return run_application(host, main) if host.is_guest else host.run(without_window)


AIM = {'rate': (Aim('ratio', '>=', 1.1), Aim('ratio', '>=', 0.9, to='uvloop'))}


def _transfer(name, measure):
    return reading_case(
        f'aiohttp {name}',
        measure,
        of='MB',
        unit={'rate': 'MB/s'},
        parameters={'size': 200 * MEGABYTE},
        quick={'size': 50 * MEGABYTE},
        tiny={'size': MEGABYTE},
        aim=AIM,
        systems=ONE_OF_EACH,
        one_core=True,
        note='one body of 200 MB; the server is another process, both on one core',
    )


CASES = [
    reading_case(
        'aiohttp, both ends in one loop',
        both_ends,
        of='request',
        parameters={'clients': 10, 'seconds': 0.3},
        quick={'seconds': 0.15},
        tiny={'seconds': 0.01},
        aim=AIM,
        systems=ONE_OF_EACH,
        note='ten clients',
    ),
    _transfer('download', download),
    _transfer('upload', upload),
    Case(
        'aiohttp in a GTK application, wrk',
        unit={'requests': '1/s', 'p99': 'ms', 'frames': '1/s', 'window alone': '% of a core'},
        better={'p99': 'lower', 'window alone': 'lower'},
        program=hosted,
        parameters={'connections': 10, 'seconds': 1},
        aim={'requests': Aim('ratio', '>=', 0.95), 'frames': Aim('value', '>=', 58.2)},
        systems=ONE_OF_EACH,
        without_ratio=frozenset({'frames', 'window alone'}),
        limit=8.0,
        rounds=3,
        note='ten connections; the window animates, and takes its part of the thread (*window '
        'alone*: beside a guest at rest); asyncio alone has none',
    ),
]
