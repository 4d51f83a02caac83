# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Echo servers over TCP on the loopback interface.

The client is another process without any event loop (blocking sockets, or an epoll object for many
connections) that has one message of 64 bytes under way on each connection. *rate* is messages per
second as the client counts them; *cpu* is the processor time that the server's process spends on
one. Client and server share one core. "No loop" is the bound: the read method of asyncio's own
transports, called for one connection after the other on blocking sockets, with reads that map no
memory, without a selector and without a loop; with streams the coroutine of a connection is stepped
by hand after each read, without a task.
"""

import asyncio
import contextlib
import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from cases import Aim
from environments import RAISED
from figures import Section
from scenarios._reads import reading_case, steady
from systems import NO_LOOP

ORDER = 20
SIZE = 64
#: Bytes that the bound asks for at a read.
BOUND_READ = 65536
CLIENT = Path(__file__).resolve().parent.parent / 'clients' / 'echo.py'


class Meter:
    """Starts the client, and takes the processor time from when all connections are there.

    A server that is so slow to accept that the client is done before takes it from the first one.
    """

    def __init__(self, connections, seconds):
        self.connections = connections
        self.seconds = seconds
        self.opened = self.closed = 0
        self.section = Section()

    def start_client(self, port):
        self.client = subprocess.Popen(
            [sys.executable, str(CLIENT), str(port), str(self.connections), str(SIZE),
             str(self.seconds)],
            stdout=subprocess.PIPE,
        )

    def open(self):
        self.opened += 1
        if self.opened == 1 or (self.opened == self.connections and self.closed == 0):
            self.begin()

    def close(self):
        """Says whether it was the last."""
        if self.closed == 0:
            self.end()
        self.closed += 1
        return self.closed == self.connections

    def begin(self):
        self.section.begin()
        self.start = time.process_time()

    def end(self):
        self.stop = time.process_time()
        self.section.end()

    def figures(self):
        told = json.loads(self.client.communicate()[0])
        return {
            'rate': told['counted'] / told['elapsed'],
            'cpu': (self.stop - self.start) / told['total'] * 1e6,
            **self.section.figures(told['total']),
        }


class Echo(asyncio.Protocol):
    def __init__(self, meter, over):
        self.meter = meter
        self.over = over

    def connection_made(self, transport):
        self.transport = transport
        self.meter.open()

    def data_received(self, data):
        self.transport.write(data)

    def connection_lost(self, error):
        if self.meter.close():
            self.over.set_result(None)


async def protocols(host, connections, seconds):
    loop = asyncio.get_running_loop()
    meter = Meter(connections, seconds)
    over = loop.create_future()
    server = await loop.create_server(lambda: Echo(meter, over), '127.0.0.1', 0, backlog=200)
    meter.start_client(server.sockets[0].getsockname()[1])
    await over
    server.close()
    return meter.figures()


async def answer(reader, writer):
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def streams(host, connections, seconds):
    meter = Meter(connections, seconds)
    over = asyncio.Event()

    async def serve(reader, writer):
        meter.open()
        await answer(reader, writer)
        if meter.close():
            over.set()

    server = await asyncio.start_server(serve, '127.0.0.1', 0, backlog=200)
    meter.start_client(server.sockets[0].getsockname()[1])
    await over.wait()
    server.close()
    return meter.figures()


async def trio_streams(host, connections, seconds):
    import trio

    meter = Meter(connections, seconds)

    async def serve(stream):
        meter.open()
        with contextlib.suppress(trio.BrokenResourceError):
            async for data in stream:
                await stream.send_all(data)
        if meter.close():
            nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host='127.0.0.1', backlog=200)
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        meter.start_client(listeners[0].socket.getsockname()[1])
    return meter.figures()


class Bound(asyncio.Protocol):
    """A connection that is read without a loop."""

    data_received = Echo.data_received

    def __init__(self, on_made):
        self.on_made = on_made

    def connection_made(self, transport):
        self.transport = transport
        self.on_made(transport)


class StreamBound(asyncio.StreamReaderProtocol):
    """The same, with asyncio's streams and a coroutine that is stepped without a task."""

    def __init__(self, on_made):
        self.on_made = on_made
        super().__init__(asyncio.StreamReader(), self.begin)

    def begin(self, reader, writer):
        self.coroutine = answer(reader, writer)
        self.step()
        self.on_made(writer.transport)

    def step(self):
        with contextlib.suppress(StopIteration):
            self.coroutine.send(None)

    def data_received(self, data):
        super().data_received(data)
        self.step()

    def eof_received(self):
        super().eof_received()
        self.step()


def no_loop(make, connections, seconds):
    async def main():
        loop = asyncio.get_running_loop()
        meter = Meter(connections, seconds)
        made = loop.create_future()
        transports = []

        def on_made(transport):
            transports.append(transport)
            if len(transports) == connections:
                made.set_result(None)

        server = await loop.create_server(lambda: make(on_made), '127.0.0.1', 0, backlog=200)
        meter.start_client(server.sockets[0].getsockname()[1])
        await made
        server.close()
        for transport in transports:
            transport.max_size = BOUND_READ
            os.set_blocking(transport.get_extra_info('socket').fileno(), True)
        # From here on the loop does not get to run until the client is gone.
        reads = [transport._read_ready for transport in transports]
        # When the client ends, its last connection is closed at the end of the same row of reads.
        last = transports[-1]
        meter.begin()
        while not last.is_closing():
            for read in reads:
                read()
        meter.end()
        return meter.figures()

    return asyncio.run(main())


def _case(name, measure, connections, bound, of_uvloop, **more):
    return reading_case(
        name,
        measure,
        unit={'cpu': 'µs'},
        better={'cpu': 'lower'},
        parameters={'connections': connections, 'seconds': 0.25},
        quick={'seconds': 0.2},
        tiny={'connections': min(connections, 3), 'seconds': 0.02},
        aim=steady(
            Aim('ratio', '>=', 1.0),
            Aim('ratio', '>=', of_uvloop, to='uvloop'),
            Aim('ratio', '>=', 0.9, to=NO_LOOP, variant=RAISED),
        ),
        no_loop=functools.partial(no_loop, bound),
        one_core=True,
        **more,
    )


CASES = [
    _case('echo, 1 connection, protocols', protocols, 1, Bound, 1.0),
    _case('echo, 1 connection, streams', streams, 1, StreamBound, 0.95, trio=trio_streams),
    _case('echo, 100 connections, protocols', protocols, 100, Bound, 0.95),
    _case('echo, 100 connections, streams', streams, 100, StreamBound, 0.9, trio=trio_streams),
]
