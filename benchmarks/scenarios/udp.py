# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""UDP: echo of datagrams, both ends in one loop."""

import asyncio

from cases import Aim, Case
from scenarios._rates import total_rate
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


async def echo(host, clients, size, seconds):
    """Datagrams answered a second."""
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Server, ('127.0.0.1', 0))
    address = server.get_extra_info('sockname')
    ends = [
        await loop.create_datagram_endpoint(lambda: Client(b'x' * size), remote_addr=address)
        for _ in range(clients)
    ]
    try:
        return await total_rate([client for _, client in ends], seconds)
    finally:
        for transport, _ in ends:
            transport.close()
        server.close()


def _case(name, **parameters):
    return Case(
        name,
        unit='1/s',
        measure=echo,
        parameters={**parameters, 'size': 64, 'seconds': 0.25},
        quick={'seconds': 0.15},
        tiny={'seconds': 0.01},
        aim=Aim('ratio', '>=', 1.0),
        systems=ONE_OF_EACH,
        rounds=3,
        note='datagrams of 64 bytes',
    )


CASES = [
    _case('UDP echo, 1 client', clients=1),
    _case('UDP echo, 10 clients', clients=10),
]
