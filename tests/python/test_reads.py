# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much a transport reads at a time: as much as the heap has room for, and all of a datagram."""

import asyncio
import os
import socket

import pytest
from asyncio import selector_events

import support
from collected import Collected
from program import run_program

KINDS = [
    "protocols", "unix", "streams", "tls", "starttls", "udp", "unix_datagrams", "pipe", "terminal", "process",
]

#: Of the environment, in bytes: the heap begins with a copy of it.
SIZES = [0, 300, 700, 1100, 1600, 2200, 2900, 3700]


@pytest.mark.skipif(support.HAS_ASAN, reason="AddressSanitizer has its own malloc")
@pytest.mark.parametrize("size", SIZES if support.NIGHTLY else SIZES[1::5])
@pytest.mark.parametrize("kind", KINDS)
def test_messages_map_no_memory(kind, size):
    # malloc as users have it: meson sets the first, and these tests are run with the second.
    env = {"MALLOC_PERTURB_": "0", "PYTHONMALLOC": "default", "AIOGUEST_PADDING": "x" * size}
    status, lines, errors = run_program("reads.py", kind, env=env)
    assert (status, errors) == (0, "")
    # A read that maps memory has two new pages, at least. The rest may be Python's heap that grows.
    assert float(lines[0]) < 0.25


async def connect():
    """Both ends of a connection."""
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, theirs)
    other, _ = await loop.create_unix_connection(asyncio.Protocol, sock=ours)
    return transport, other


async def sizes_of_connection():
    ends = await connect()
    sizes = [transport.max_size for transport in ends]
    for transport in ends:
        transport.close()
    await asyncio.sleep(0)
    return sizes


def test_size_that_the_program_has_set(monkeypatch):
    """For all transports: it is not replaced."""
    monkeypatch.setattr(selector_events._SelectorTransport, "max_size", 1000)
    assert support.run_owning(sizes_of_connection()) == [1000, 1000]


def test_size_of_one_transport():
    """The protocol may set it, as soon as it knows its transport."""
    class Protocol(asyncio.Protocol):
        def connection_made(self, transport):
            transport.max_size = 3
            self.received = Collected()

        def data_received(self, data):
            self.received.append(data)

    async def main():
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours:
            transport, protocol = await loop.connect_accepted_socket(Protocol, theirs)
            ours.send(b"seven of")
            await protocol.received.reaches(3)
            transport.close()
            await asyncio.sleep(0)
            return protocol.received

    assert support.run_owning(main()) == [b"sev", b"en ", b"of"]


def test_loops_of_asyncio_are_left_alone():
    loop = asyncio.SelectorEventLoop
    assert support.run_owning(sizes_of_connection(), loop_factory=loop) == [256 * 1024] * 2


class Receiver(asyncio.DatagramProtocol, asyncio.Protocol):
    def __init__(self):
        self.received = asyncio.get_running_loop().create_future()

    def datagram_received(self, data, address):
        self.received.set_result(data)

    def data_received(self, data):
        self.received.set_result(data)


async def receive_datagram(sender, receiver, data):
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Receiver, sock=receiver)
    await loop.run_in_executor(None, sender.send, data)
    received = await protocol.received
    transport.close()
    await asyncio.sleep(0)
    return received


def datagram_pair(buffer):
    """A sender with a send buffer of that size, and a receiver."""
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    if buffer is not None:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
    return sender, receiver


def can_send(size, buffer):
    sender, receiver = datagram_pair(buffer)
    with sender, receiver:
        try:
            sender.send(bytes(size), socket.MSG_DONTWAIT)
        except OSError:
            return False
    return True


def find_largest_datagram(buffer):
    """Its size, by trying."""
    low, high = 1, 2**24
    while low < high:
        middle = (low + high + 1) // 2
        if can_send(middle, buffer):
            low = middle
        else:
            high = middle - 1
    return low


@pytest.mark.parametrize("buffer", [None, 2**30], ids=["default", "largest"])
def test_largest_unix_datagram(run, buffer):
    size = find_largest_datagram(buffer)
    assert size > 200_000
    sender, receiver = datagram_pair(buffer)
    data = os.urandom(size)
    with sender:
        assert run(receive_datagram(sender, receiver, data)) == data


def test_empty_datagram(run):
    sender, receiver = datagram_pair(None)
    with sender:
        assert run(receive_datagram(sender, receiver, b"")) == b""


def test_size_that_the_program_has_set_for_datagrams():
    """They are cut then, as it wants."""
    async def main():
        loop = asyncio.get_running_loop()
        sender, receiver = datagram_pair(None)
        with sender:
            transport, protocol = await loop.create_datagram_endpoint(Receiver, sock=receiver)
            transport.max_size = 5
            sender.send(b"a datagram")
            received = await protocol.received
            transport.close()
            await asyncio.sleep(0)
            return received

    assert support.run_owning(main()) == b"a dat"


@pytest.mark.parametrize(
    "family, size", [(socket.AF_INET, 65507), (socket.AF_INET6, 65527)], ids=["IPv4", "IPv6"]
)
def test_largest_udp_datagram(run, family, size):
    receiver = socket.socket(family, socket.SOCK_DGRAM)
    try:
        receiver.bind(("localhost", 0))
    except OSError as error:
        receiver.close()
        pytest.skip(f"no {family.name} here: {error}")
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.connect(receiver.getsockname())
        data = os.urandom(size)
        assert run(receive_datagram(sender, receiver, data)) == data


def test_message_from_a_socket_that_is_taken_for_a_pipe(run):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    data = os.urandom(200_000)

    async def main():
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.connect_read_pipe(Receiver, theirs)
        await loop.run_in_executor(None, ours.send, data)
        received = await protocol.received
        transport.close()
        await asyncio.sleep(0)
        return received

    with ours:
        assert run(main()) == data
