# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""TLS, by the loop's own SSL protocol."""

import asyncio
import os
import ssl
from pathlib import Path

import pytest

CERTIFICATE = Path(__file__).parent / "data" / "localhost.pem"


def server_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_context():
    return ssl.create_default_context(cafile=CERTIFICATE)


async def echo(reader, writer):
    size = int(await reader.readline())
    writer.write(await reader.readexactly(size))
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def ask(reader, writer, payload):
    writer.write(b"%d\n" % len(payload) + payload)
    await writer.drain()
    received = await reader.readexactly(len(payload))
    writer.close()
    await writer.wait_closed()
    return received


def test_exchange(run):
    payload = os.urandom(500_000)

    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server_context())
        async with server:
            port = server.sockets[0].getsockname()[1]
            streams = await asyncio.open_connection(
                "127.0.0.1", port, ssl=client_context(), server_hostname="localhost"
            )
            return await ask(*streams, payload)

    assert run(main()) == payload


def test_start_tls(run):
    async def upgrade(reader, writer):
        assert await reader.readline() == b"STARTTLS\n"
        writer.write(b"OK\n")
        await writer.drain()
        await writer.start_tls(server_context())
        await echo(reader, writer)

    async def main():
        server = await asyncio.start_server(upgrade, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"STARTTLS\n")
            assert await reader.readline() == b"OK\n"
            await writer.start_tls(client_context(), server_hostname="localhost")
            return await ask(reader, writer, b"secret")

    assert run(main()) == b"secret"


def test_untrusted_certificate(run):
    async def main():
        loop = asyncio.get_running_loop()
        # The server side's view of the failed handshake is not the subject.
        loop.set_exception_handler(lambda loop, context: None)
        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server_context())
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ssl.SSLCertVerificationError):
                await asyncio.open_connection(
                    "127.0.0.1", port, ssl=ssl.create_default_context(),
                    server_hostname="localhost",
                )

    run(main())
