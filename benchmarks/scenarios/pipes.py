# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Pipes: messages there and back, both ends in one loop, and through a subprocess."""

import asyncio
import os
import shutil
import subprocess

from scenarios._rates import reading_rate
from scenarios._reads import reading_case, steady
from scenarios._systems import ONE_OF_EACH

ORDER = 117

CAT = shutil.which('cat')


class Answer(asyncio.Protocol):
    """The far end: what comes goes back."""

    def __init__(self, back):
        self.back = back

    def data_received(self, data):
        self.back.write(data)


class Ping(asyncio.Protocol):
    """The near end; calling it sends a message and waits until all of it is back."""

    def __init__(self, there, size):
        self.there = there
        self.payload = b'x' * size

    def data_received(self, data):
        self.missing -= len(data)
        if not self.missing:
            self.over.set_result(None)

    async def __call__(self):
        self.missing = len(self.payload)
        self.over = asyncio.get_running_loop().create_future()
        self.there.write(self.payload)
        await self.over


async def echo(host, size, seconds):
    """Messages a second through two pipes."""
    loop = asyncio.get_running_loop()
    transports = []

    async def connect(make, file):
        transport, protocol = await make(file)
        transports.append(transport)
        return transport, protocol

    async def pipe():
        """The end that is written to, as a transport, and the other one, as a file."""
        readable, writable = os.pipe()
        transport, _ = await connect(
            lambda file: loop.connect_write_pipe(asyncio.Protocol, file), open(writable, 'wb', 0)
        )
        return transport, open(readable, 'rb', 0)

    there, far = await pipe()
    back, near = await pipe()
    await connect(lambda file: loop.connect_read_pipe(lambda: Answer(back), file), far)
    _, ping = await connect(lambda file: loop.connect_read_pipe(lambda: Ping(there, size), file), near)
    try:
        return await reading_rate([ping], seconds)
    finally:
        for transport in transports:
            transport.close()


async def through_subprocess(host, size, seconds):
    """Messages a second to ``cat`` and back, by streams."""
    process = await asyncio.create_subprocess_exec(
        CAT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    payload = b'x' * size

    async def ping():
        process.stdin.write(payload)
        await process.stdout.readexactly(size)

    figures = await reading_rate([ping], seconds, alone=False)
    process.stdin.close()
    await process.wait()
    return figures


def _case(name, measure, note, **more):
    return reading_case(
        name,
        measure,
        parameters={'size': 64, 'seconds': 0.25},
        quick={'seconds': 0.15},
        tiny={'seconds': 0.01},
        aim=steady(),
        systems=ONE_OF_EACH,
        limit=6.0,
        note=note,
        **more,
    )


CASES = [
    _case('pipe echo', echo, 'messages of 64 bytes, by `connect_read_pipe()` and `connect_write_pipe()`'),
    _case(
        "echo by a subprocess's pipes", through_subprocess,
        'messages of 64 bytes to `cat` and back, by streams; both on one core', one_core=True,
    ),
]
