# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses of the event loop."""

import asyncio
import contextlib
import contextvars
import functools
import os
import pathlib
import signal
import socket
import ssl
import threading

from gi.repository import AioGuest, GLib

from collected import Collected

from .table import end_by_error, refused, use_of, work

CERTIFICATE = pathlib.Path(__file__).parents[2] / "data" / "localhost.pem"


@use_of("EventLoop", "EventLoop.close")
def event_loop():
    AioGuest.EventLoop().close()
    AioGuest.EventLoop(main_context=GLib.MainContext()).close()
    AioGuest.EventLoop(nested="rest").close()


@use_of("EventLoop")
def event_loop_of_wrong_arguments():
    for arguments in {"selector": 5}, {"main_context": 5}, {"nested": 5}:
        with refused(TypeError):
            AioGuest.EventLoop(**arguments)


@use_of("EventLoop.run_forever", "EventLoop.stop", "EventLoop.get_debug")
def run_forever():
    with contextlib.closing(AioGuest.EventLoop()) as loop:
        loop.set_debug(False)
        assert not loop.get_debug()
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.call_later(0.0001, loop.stop)
        loop.run_forever()
    with refused(RuntimeError):
        loop.run_forever()


@use_of("EventLoop.run_forever")
def run_until_complete():
    with contextlib.closing(AioGuest.EventLoop()) as loop:
        loop.set_debug(False)
        assert loop.run_until_complete(asyncio.sleep(0, "result")) == "result"
        with refused(LookupError):
            loop.run_until_complete(end_by_error())


@use_of("EventLoop")
def runner():
    with asyncio.Runner(loop_factory=AioGuest.EventLoop, debug=False) as runner:
        assert runner.run(work()) == "done"
        with refused(LookupError):
            runner.run(end_by_error())


@use_of("EventLoop.call_soon", "EventLoop.call_later")
def callbacks_of_a_loop_that_is_closed():
    loop = AioGuest.EventLoop()
    loop.set_debug(False)
    loop.call_soon(print, object())
    loop.call_later(1, print, object())
    loop.call_soon_threadsafe(print, object())
    loop.close()
    for call in loop.call_soon, loop.call_soon_threadsafe, functools.partial(loop.call_later, 1):
        with refused(RuntimeError):
            call(print)


# Callbacks and timers


@use_of("EventLoop.call_soon", "EventLoop.call_soon_threadsafe")
async def call_soon():
    loop = asyncio.get_running_loop()
    for call in loop.call_soon, loop.call_soon_threadsafe:
        future = loop.create_future()
        call(print, object()).cancel()
        call(future.set_result, object(), context=contextvars.copy_context())
        call(contextvars.ContextVar("variable").set, object())
        await future


@use_of("EventLoop.call_soon_threadsafe")
async def call_soon_from_a_thread():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(future.set_result, object()))
    thread.start()
    await future
    thread.join()


@use_of("EventLoop.call_later", "EventLoop.call_at", "EventLoop.time")
async def timers():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_later(0, int)
    loop.call_at(loop.time() + 0.0001, int, context=contextvars.copy_context())
    loop.call_later(0.0002, future.set_result, object())
    await future


@use_of("EventLoop.call_later", "EventLoop.call_at")
async def timers_cancelled():
    loop = asyncio.get_running_loop()
    # So many that they are cleared away at once, too.
    for delay in range(120):
        loop.call_later(60 + delay, print, object()).cancel()
    loop.call_at(loop.time(), print, object()).cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0.0001)


@use_of("EventLoop.call_soon", "EventLoop.call_later", "EventLoop.call_at", "EventLoop.time")
async def wrong_arguments_of_callbacks():
    loop = asyncio.get_running_loop()
    for call in (
        loop.call_soon, loop.call_soon_threadsafe, loop.call_later, loop.call_at, loop.call_later,
        functools.partial(loop.call_soon, int, unknown=1),
        functools.partial(loop.call_soon_threadsafe, int, unknown=1),
        functools.partial(loop.call_later, "soon", int),
        functools.partial(loop.call_later, None, int),
        functools.partial(loop.call_at, None, int),
        functools.partial(loop.call_at, loop.time() + 1, int, unknown=1),
        functools.partial(loop.time, 1),
    ):
        with refused(TypeError):
            call()


@use_of("EventLoop.call_soon", "EventLoop.call_later")
async def callbacks_that_fail():
    def fail(error):
        raise error

    loop = asyncio.get_running_loop()
    reports = Collected()
    loop.set_exception_handler(lambda loop, context: reports.append(context))
    loop.call_soon(fail, LookupError())
    loop.call_later(0, fail, LookupError())
    loop.call_soon_threadsafe(fail, asyncio.CancelledError())
    await reports.reaches(3)
    loop.set_exception_handler(None)


@use_of("EventLoop")
async def readers_and_writers():
    loop = asyncio.get_running_loop()
    left, right = socket.socketpair()
    with left, right:
        for end in left, right:
            end.setblocking(False)
        future = loop.create_future()
        loop.add_reader(left, future.set_result, object())
        loop.add_reader(left, future.set_result, object())
        loop.add_writer(left, loop.remove_writer, left)
        right.send(b"data")
        await future
        assert loop.remove_reader(left) and not loop.remove_reader(left)
        loop.add_writer(right, print)
        loop.remove_writer(right)
        await loop.sock_sendall(right, b"data")
        await loop.sock_recv(left, 100)


@use_of("EventLoop.add_signal_handler", "EventLoop.remove_signal_handler")
async def signal_handlers():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.add_signal_handler(signal.SIGUSR1, future.set_result, object())
    os.kill(os.getpid(), signal.SIGUSR1)
    await future
    loop.add_signal_handler(signal.SIGUSR1, print, object())
    assert loop.remove_signal_handler(signal.SIGUSR1)
    assert not loop.remove_signal_handler(signal.SIGUSR1)
    with refused(RuntimeError):
        loop.add_signal_handler(signal.SIGKILL, print)
    with refused(TypeError):
        loop.add_signal_handler(signal.SIGUSR1, work)


class LostConnection(asyncio.Protocol):
    """Tells when it is lost."""

    def __init__(self):
        self.lost = asyncio.get_running_loop().create_future()

    def connection_lost(self, error):
        self.lost.set_result(error)


async def secure(transport, protocol, context, **options):
    loop = asyncio.get_running_loop()
    secured = await loop.start_tls(transport, protocol, context, **options)
    secured.close()
    await protocol.lost


SERVER_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
SERVER_CONTEXT.load_cert_chain(CERTIFICATE)
CLIENT_CONTEXT = ssl.create_default_context(cafile=CERTIFICATE)


@use_of("EventLoop.start_tls")
async def tls():
    loop = asyncio.get_running_loop()
    left, right = [
        await loop.connect_accepted_socket(LostConnection, sock) for sock in socket.socketpair()
    ]
    await asyncio.gather(
        secure(*left, SERVER_CONTEXT, server_side=True),
        secure(*right, CLIENT_CONTEXT, server_hostname="localhost"),
    )


@use_of("EventLoop.running", "EventLoop.paused")
async def what_pygobject_announces():
    loop = asyncio.get_running_loop()
    with loop.running(print):
        with loop.paused():
            pass
