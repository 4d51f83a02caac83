# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Websockets: echo by the package ``websockets``, client and server in one loop."""

from cases import Aim, Unavailable
from scenarios._rates import reading_rate
from scenarios._reads import reading_case
from scenarios._systems import ONE_OF_EACH

ORDER = 132


def package():
    try:
        import websockets
    except ImportError:
        raise Unavailable('no websockets') from None
    return websockets


async def answer(connection):
    async for message in connection:
        await connection.send(message)


class Ping:
    """One connection; calling it sends a message and waits for the answer."""

    def __init__(self, connection, payload):
        self.connection = connection
        self.payload = payload

    async def __call__(self):
        await self.connection.send(self.payload)
        await self.connection.recv()


async def echo(host, connections, size, seconds):
    """Messages a second."""
    websockets = package()
    # What deflating costs has nothing to do with the loop.
    async with websockets.serve(answer, '127.0.0.1', 0, compression=None) as server:
        address = f'ws://127.0.0.1:{server.sockets[0].getsockname()[1]}'
        clients = [await websockets.connect(address, compression=None) for _ in range(connections)]
        try:
            return await reading_rate([Ping(client, 'x' * size) for client in clients], seconds)
        finally:
            for client in clients:
                await client.close()


CASES = [
    reading_case(
        'websockets echo',
        echo,
        parameters={'connections': 10, 'size': 64, 'seconds': 0.3},
        quick={'seconds': 0.15},
        tiny={'connections': 2, 'seconds': 0.01},
        aim={'rate': (Aim('ratio', '>=', 1.1), Aim('ratio', '>=', 0.9, to='uvloop'))},
        systems=ONE_OF_EACH,
        note='ten connections, messages of 64 characters, not compressed',
    ),
]
