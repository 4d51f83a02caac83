# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""HTTP: aiohttp's client and server in one loop, and wrk against its server in a GTK program."""

import asyncio
import re
import shutil
import subprocess
import time

from cases import Aim, Case, Unavailable
from scenarios._application import AnimatedWindow, run_application
from scenarios._rates import reading_rate
from scenarios._reads import reading_case
from scenarios._systems import ONE_OF_EACH

ORDER = 130

MILLISECONDS = {'us': 1e-3, 'ms': 1.0, 's': 1e3}


class Server:
    """An HTTP server with one answer, for the time of a with statement."""

    async def __aenter__(self):
        try:
            from aiohttp import web
        except ImportError:
            raise Unavailable('no aiohttp') from None

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
        import aiohttp

        async with aiohttp.ClientSession() as session:

            async def request():
                async with session.get(url) as response:
                    await response.read()

            return await reading_rate([request] * clients, seconds)


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


CASES = [
    reading_case(
        'aiohttp, both ends in one loop',
        both_ends,
        of='request',
        parameters={'clients': 10, 'seconds': 0.3},
        quick={'seconds': 0.15},
        tiny={'seconds': 0.01},
        aim={'rate': (Aim('ratio', '>=', 1.1), Aim('ratio', '>=', 0.9, to='uvloop'))},
        systems=ONE_OF_EACH,
        note='ten clients',
    ),
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
