# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""UDP."""

import asyncio


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(data.upper(), address)


class Client(asyncio.DatagramProtocol):
    def __init__(self):
        self.received = asyncio.Queue()
        self.lost = asyncio.get_running_loop().create_future()

    def datagram_received(self, data, address):
        self.received.put_nowait(data)

    def error_received(self, error):
        self.received.put_nowait(error)

    def connection_lost(self, error):
        self.lost.set_result(error)


def test_echo(run):
    async def main():
        loop = asyncio.get_running_loop()
        server, _ = await loop.create_datagram_endpoint(Echo, ("127.0.0.1", 0))
        address = server.get_extra_info("sockname")
        transport, client = await loop.create_datagram_endpoint(Client, remote_addr=address)
        received = []
        for number in range(20):
            transport.sendto(b"datagram %d" % number)
            received.append(await client.received.get())
        transport.close()
        server.close()
        assert await client.lost is None
        return received

    assert run(main()) == [b"DATAGRAM %d" % number for number in range(20)]


def test_port_unreachable_is_reported(run):
    async def main():
        loop = asyncio.get_running_loop()
        server, _ = await loop.create_datagram_endpoint(Echo, ("127.0.0.1", 0))
        address = server.get_extra_info("sockname")
        transport, client = await loop.create_datagram_endpoint(Client, remote_addr=address)
        server.close()
        # close() takes effect in the next round.
        await asyncio.sleep(0.001)
        transport.sendto(b"to nobody")
        error = await client.received.get()
        transport.close()
        await client.lost
        return error

    assert isinstance(run(main()), ConnectionRefusedError)
