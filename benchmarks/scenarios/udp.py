# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""UDP: echo of datagrams, both ends in one loop."""

import asyncio

from cases import Aim
from scenarios._rates import reading_rate
from scenarios._reads import reading_case, steady
from scenarios._systems import ONE_OF_EACH

ORDER = 115


class Server(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(data, address)


class Client(asyncio.DatagramProtocol):
    """Calling it sends a datagram and waits for the answer."""

    def __init__(self, payload):
        self.payload = payload
        self.answer = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.answer.set_result(None)

    async def __call__(self):
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.sendto(self.payload)
        await self.answer


async def echo(host, size, seconds):
    """Datagrams answered a second."""
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Server, ('127.0.0.1', 0))
    address = server.get_extra_info('sockname')
    transport, client = await loop.create_datagram_endpoint(
        lambda: Client(b'x' * size), remote_addr=address
    )
    try:
        return await reading_rate([client], seconds)
    finally:
        transport.close()
        server.close()


CASES = [
    reading_case(
        'UDP echo',
        echo,
        parameters={'size': 64, 'seconds': 0.25},
        quick={'seconds': 0.15},
        tiny={'seconds': 0.01},
        aim=steady(Aim('ratio', '>=', 1.1)),
        systems=ONE_OF_EACH,
        note='datagrams of 64 bytes',
    )
]
