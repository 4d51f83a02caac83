# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams over TCP and UNIX sockets, and pipes."""

import asyncio
import os
import socket

import pytest


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def exchange(reader, writer, payload):
    async def send():
        writer.write(payload)
        await writer.drain()
        writer.write_eof()

    sending = asyncio.create_task(send())
    received = await reader.read(-1)
    await sending
    writer.close()
    await writer.wait_closed()
    return received


def test_tcp(run):
    payload = os.urandom(1_000_000)

    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await exchange(*await asyncio.open_connection("127.0.0.1", port), payload)

    assert run(main()) == payload


def test_tcp_connections_at_the_same_time(run):
    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]

            async def client(number):
                payload = bytes([number]) * 10_000
                streams = await asyncio.open_connection("127.0.0.1", port)
                return await exchange(*streams, payload) == payload

            return await asyncio.gather(*(client(number) for number in range(50)))

    assert run(main()) == [True] * 50


def test_tcp_through_the_resolver(run):
    """getaddrinfo() in the executor; a bare system knows no name, not even localhost."""

    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            infos = await asyncio.get_running_loop().getaddrinfo(
                "127.0.0.1", port, type=socket.SOCK_STREAM
            )
            streams = await asyncio.open_connection(*infos[0][4])
            return await exchange(*streams, b"resolved")

    assert run(main()) == b"resolved"


def test_unix(run, tmp_path):
    payload = os.urandom(300_000)
    path = str(tmp_path / "socket")

    async def main():
        server = await asyncio.start_unix_server(echo, path)
        async with server:
            return await exchange(*await asyncio.open_unix_connection(path), payload)

    assert run(main()) == payload


def test_connection_refused(run):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]

    async def main():
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    run(main())


def test_peer_resets(run):
    async def reset(reader, writer):
        writer.transport.abort()

    async def main():
        server = await asyncio.start_server(reset, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                assert await reader.read() == b""
            except ConnectionResetError:
                pass
            writer.close()
            try:
                await writer.wait_closed()
            except ConnectionResetError:
                pass

    run(main())


def test_readline_and_readexactly(run):
    async def serve(reader, writer):
        writer.write(b"one\ntwo\n12345")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            result = [
                await reader.readline(),
                await reader.readuntil(b"\n"),
                await reader.readexactly(5),
                await reader.read(),
            ]
            writer.close()
            await writer.wait_closed()
            return result

    assert run(main()) == [b"one\n", b"two\n", b"12345", b""]


def test_sock_functions(run):
    async def main():
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        with left, right:
            left.setblocking(False)
            right.setblocking(False)
            payload = bytes(500_000)
            sending = asyncio.create_task(loop.sock_sendall(left, payload))
            received = 0
            while received < len(payload):
                received += len(await loop.sock_recv(right, 65536))
            await sending
            return received

    assert run(main()) == 500_000


def test_pipes(run):
    async def main():
        loop = asyncio.get_running_loop()
        read_fd, write_fd = os.pipe()
        reader = asyncio.StreamReader()
        receiving, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_fd, "rb", 0)
        )
        sending, _ = await loop.connect_write_pipe(
            asyncio.BaseProtocol, os.fdopen(write_fd, "wb", 0)
        )
        sending.write(b"through a pipe")
        sending.close()
        data = await reader.read()
        receiving.close()
        return data

    assert run(main()) == b"through a pipe"


def test_sendfile(run, tmp_path):
    path = tmp_path / "file"
    payload = os.urandom(400_000)
    path.write_bytes(payload)

    async def serve(reader, writer):
        with open(path, "rb") as file:
            await asyncio.get_running_loop().sendfile(writer.transport, file)
        writer.close()
        await writer.wait_closed()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            data = await reader.read()
            writer.close()
            await writer.wait_closed()
            return data

    assert run(main()) == payload
