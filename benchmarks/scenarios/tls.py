# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""TLS: echo over connections that stand, and handshakes, by streams; both ends in one loop."""

import asyncio
import contextlib
import ssl
from pathlib import Path

from cases import Aim
from scenarios._rates import reading_rate
from scenarios._reads import reading_case, steady
from scenarios._systems import ONE_OF_EACH

ORDER = 110

CERTIFICATE = Path(__file__).parents[2] / 'tests/python/data/localhost.pem'


def contexts():
    """The two ends' SSL contexts."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(CERTIFICATE)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    return server, client


async def serve(reader, writer):
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


class Ping:
    """One connection; calling it sends a message and waits until all of it is back."""

    def __init__(self, size):
        self.payload = b'x' * size

    async def connect(self, port, context):
        self.reader, self.writer = await asyncio.open_connection('127.0.0.1', port, ssl=context)

    async def __call__(self):
        self.writer.write(self.payload)
        await self.reader.readexactly(len(self.payload))

    async def close(self):
        self.writer.close()
        await self.writer.wait_closed()


async def echo(host, connections, size, seconds):
    """Messages a second."""
    at_server, at_client = contexts()
    server = await asyncio.start_server(serve, '127.0.0.1', 0, ssl=at_server)
    port = server.sockets[0].getsockname()[1]
    pings = [Ping(size) for _ in range(connections)]
    for ping in pings:
        await ping.connect(port, at_client)
    try:
        return await reading_rate(pings, seconds)
    finally:
        for ping in pings:
            await ping.close()
        server.close()


async def handshakes(host, seconds):
    """Connections made and closed a second."""
    at_server, at_client = contexts()
    server = await asyncio.start_server(serve, '127.0.0.1', 0, ssl=at_server)
    port = server.sockets[0].getsockname()[1]

    async def connect():
        ping = Ping(0)
        await ping.connect(port, at_client)
        await ping.close()

    try:
        return await reading_rate([connect], seconds)
    finally:
        server.close()


def _case(name, measure, note, *, aim, of='message', **parameters):
    return reading_case(
        name,
        measure,
        of=of,
        parameters={**parameters, 'seconds': 0.25},
        quick={'seconds': 0.15},
        tiny={'seconds': 0.01},
        aim=aim,
        systems=ONE_OF_EACH,
        note=note,
    )


ECHO = steady(Aim('ratio', '>=', 1.1))

CASES = [
    _case('TLS echo, 1 connection', echo, 'messages of 1 KiB', aim=ECHO, connections=1, size=1024),
    _case('TLS echo, 10 connections', echo, 'messages of 1 KiB', aim=ECHO, connections=10, size=1024),
    _case(
        'TLS handshakes', handshakes, 'a connection made and closed', of='connection',
        aim={'rate': Aim('ratio', '>=', 1.0)},
    ),
]
