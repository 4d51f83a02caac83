# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""reads.py KIND: small messages there and back; prints how many pages of memory each round trip has made new.

With malloc as it is by default; what the heap looks like depends on the environment, among other things.
"""

import asyncio
import os
import pathlib
import resource
import socket
import ssl
import sys
import tty

from hosts import OPTIONS, AioGuest

CERTIFICATE = pathlib.Path(__file__).parent.parent / "data" / "localhost.pem"
MESSAGE = b"a message"
ROUNDS = 400


def server_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_context():
    return ssl.create_default_context(cafile=CERTIFICATE)


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._transport.write(data)


class Client(asyncio.Protocol):
    """Writes to *transport*, its own by default, and gets the answers."""

    def __init__(self, transport=None):
        self._other = transport

    def connection_made(self, transport):
        self._transport = self._other or transport

    def data_received(self, data):
        self._answer.set_result(data)

    def send(self):
        self._transport.write(MESSAGE)

    async def ask(self):
        self._answer = asyncio.get_running_loop().create_future()
        self.send()
        assert await self._answer == MESSAGE


class DatagramClient(Client, asyncio.DatagramProtocol):
    def datagram_received(self, data, address):
        self._answer.set_result(data)

    def send(self):
        self._transport.sendto(MESSAGE)


class DatagramEcho(Echo, asyncio.DatagramProtocol):
    def datagram_received(self, data, address):
        self._transport.sendto(data, address)


async def protocols(loop):
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    _, client = await loop.create_connection(Client, *server.sockets[0].getsockname())
    return client.ask


async def unix(loop):
    """Of both a server and connect_accepted_socket()."""
    ours, theirs = socket.socketpair()
    await loop.connect_accepted_socket(Echo, theirs)
    _, client = await loop.create_unix_connection(Client, sock=ours)
    return client.ask


def ask_by(reader, writer):
    async def ask():
        writer.write(MESSAGE)
        assert await reader.read(1000) == MESSAGE

    return ask


async def echo(reader, writer):
    while data := await reader.read(1000):
        writer.write(data)


async def streams(loop):
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    return ask_by(*await asyncio.open_connection(*server.sockets[0].getsockname()))


async def tls(loop):
    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server_context())
    address = server.sockets[0].getsockname()
    return ask_by(*await asyncio.open_connection(
        *address, ssl=client_context(), server_hostname="localhost"
    ))


async def starttls(loop):
    async def serve(reader, writer):
        await writer.start_tls(server_context())
        await echo(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await writer.start_tls(client_context(), server_hostname="localhost")
    return ask_by(reader, writer)


async def udp(loop):
    echo, _ = await loop.create_datagram_endpoint(DatagramEcho, ("127.0.0.1", 0))
    address = echo.get_extra_info("sockname")
    _, client = await loop.create_datagram_endpoint(DatagramClient, remote_addr=address)
    return client.ask


async def unix_datagrams(loop):
    ours, theirs = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
    for sock in ours, theirs:
        # The kernel gives it a name: asyncio's transport can't answer one that has none.
        sock.bind("")
        sock.setblocking(False)
    ours.connect(theirs.getsockname())
    await loop.create_datagram_endpoint(DatagramEcho, sock=theirs)
    _, client = await loop.create_datagram_endpoint(DatagramClient, sock=ours)
    return client.ask


async def pipe(loop):
    read, write = os.pipe()
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(write, "wb", 0))
    _, client = await loop.connect_read_pipe(lambda: Client(transport), os.fdopen(read, "rb", 0))
    return client.ask


async def terminal(loop):
    ours, theirs = os.openpty()
    os.set_blocking(ours, False)
    tty.setraw(theirs)
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(ours, "wb", 0))
    _, client = await loop.connect_read_pipe(lambda: Client(transport), os.fdopen(theirs, "rb", 0))
    return client.ask


async def process(loop):
    cat = await asyncio.create_subprocess_exec(
        "cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    return ask_by(cat.stdout, cat.stdin)


KINDS = {
    function.__name__: function
    for function in (protocols, unix, streams, tls, starttls, udp, unix_datagrams, pipe, terminal, process)
}


async def main():
    ask = await KINDS[sys.argv[1]](asyncio.get_running_loop())
    for _ in range(20):
        await ask()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(ROUNDS):
        await ask()
    pages = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    print(pages / ROUNDS, flush=True)
    # What is open need not be closed in order here.
    os._exit(0)


if __name__ == "__main__":
    AioGuest.run(main(), **OPTIONS)
