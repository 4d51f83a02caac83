# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What idle descriptors cost: two sockets play ping-pong beside many that nothing happens on.

Both ends of a socket pair are watched with ``add_reader()`` in the measured process; whoever
receives a byte sends it back. The idle descriptors are eventfds that the loop watches, too.
"""

import asyncio
import os
import resource
import socket
import time

from cases import Aim, Case, Unavailable
from figures import Stopwatch

ORDER = 30


def raise_limit(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise Unavailable(f'only {hard} descriptors allowed')
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def ping_pong(host, idle, seconds):
    """Hops per second."""
    raise_limit(idle + 100)
    loop = asyncio.get_running_loop()
    watched = [os.eventfd(0) for _ in range(idle)]
    for fd in watched:
        loop.add_reader(fd, print)
    left, right = socket.socketpair()
    left.setblocking(False)
    right.setblocking(False)
    over = loop.create_future()
    hops = 0
    clock = time.perf_counter

    def readable(sock):
        nonlocal hops
        sock.recv(1)
        hops += 1
        if clock() < end:
            sock.send(b'x')
        elif not over.done():
            over.set_result(watch.elapsed())

    loop.add_reader(left, readable, left)
    loop.add_reader(right, readable, right)
    watch = Stopwatch()
    end = clock() + seconds
    left.send(b'x')
    elapsed = await over
    for fd in watched:
        loop.remove_reader(fd)
        os.close(fd)
    for sock in left, right:
        loop.remove_reader(sock)
        sock.close()
    return hops / elapsed


CASES = [
    Case(
        f'ping-pong, {idle} idle descriptors',
        unit='1/s',
        measure=ping_pong,
        parameters={'idle': idle, 'seconds': 0.2},
        quick={'seconds': 0.15},
        tiny={'idle': min(idle, 20), 'seconds': 0.01},
        aim=Aim('ratio', '>=', 1.1),
        # Some take minutes to tell 10,000 descriptors from each other.
        limit=10.0,
    )
    for idle in (10, 500, 2000, 10_000)
]
