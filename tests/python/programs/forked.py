# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""forked.py WHAT: a process forks in the middle of a run; the child does one of several things."""

import array
import asyncio
import fcntl
import gc
import os
import signal
import socket
import sys
import termios
import threading

from hosts import AioGuest, GLib
from others import let_others_sleep

from gi.overrides.AioGuest import _signals

WHAT = sys.argv[1]
hooks = sys.get_asyncgen_hooks()
handler = signal.getsignal(signal.SIGINT)


def tell(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def generator():
    try:
        yield
    finally:
        await asyncio.sleep(0)
        tell("generator closed")


async def main(received, waiting):
    agen = generator()
    await anext(agen)
    try:
        waiting()
        received.append(await asyncio.get_running_loop().sock_recv(right, 1))
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.02)
        tell("cleaned up")


def exits():
    sys.exit(1)


def os_exits():
    os._exit(1)


def executes():
    os.execv("/bin/sh", ["/bin/sh", "-c", "exit 1"])


def raises():
    sys.stderr = None
    raise LookupError


def iterates():
    """In the child the parent's run does nothing."""
    while GLib.MainContext.default().iteration(False):
        pass
    sys.exit(1)


def collects():
    """The copies of the parent's objects go."""
    received.clear()
    gc.collect()
    sys.exit(1)


def is_interrupted():
    """As in a program that has never had a run."""
    assert signal.getsignal(signal.SIGINT) == handler
    try:
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()
    except KeyboardInterrupt:
        sys.exit(1)


def runs_asyncio():
    assert sys.get_asyncgen_hooks() == hooks
    sys.exit(asyncio.run(asyncio.sleep(0.01, 1)))


def runs_aioguest():
    async def run_all():
        def on_signal():
            over.set_result(1)

        loop = asyncio.get_running_loop()
        over = loop.create_future()
        loop.add_signal_handler(signal.SIGUSR1, on_signal)
        os.kill(os.getpid(), signal.SIGUSR1)
        try:
            return await over
        finally:
            await asyncio.sleep(0.01)

    sys.exit(AioGuest.run(run_all(), debug=False))


def get_unread():
    unread = array.array("i", [0])
    fcntl.ioctl(read_fd, termios.FIONREAD, unread)
    return unread[0]


def leaves_the_pipe():
    """What is written to the parent's wakeup descriptor is the parent's to read."""
    while GLib.MainContext.default().iteration(False):
        pass
    sys.exit(1)


def beside_a_thread():
    """The run of a thread that is not in the child is not ended by it either."""
    assert asyncio._get_running_loop() is None
    sys.exit(1)


class Thread:
    """One that has a run of its own, until it is told to end."""

    def __init__(self):
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._ready.wait()

    def _run(self):
        AioGuest.run(self._main(), main_context=GLib.MainContext(), debug=False)

    async def _main(self):
        self._loop = asyncio.get_running_loop()
        self._over = self._loop.create_future()
        self._ready.set()
        await self._over
        # Its timers work as they did.
        await asyncio.sleep(0.001)

    def end(self):
        self._loop.call_soon_threadsafe(self._over.set_result, None)
        self._thread.join()
        assert self._loop.is_closed()


def descriptors():
    return sorted(os.listdir("/proc/self/fd"))


read_fd = _signals.wakeup_pipe.read_fd
left, right = socket.socketpair()
right.setblocking(False)
received = []
loop = GLib.MainLoop()
AioGuest.start(main(received, lambda: GLib.idle_add(loop.quit)), debug=False)
loop.run()
before = descriptors()
if WHAT == "leaves_the_pipe":
    os.write(_signals.wakeup_pipe.write_fd, b"x")
    assert get_unread() == 1
if WHAT == "beside_a_thread":
    thread = Thread()
    before = descriptors()
let_others_sleep()
pid = os.fork()
if pid == 0:
    globals()[WHAT]()
tell("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
assert descriptors() == before
if WHAT == "leaves_the_pipe":
    assert get_unread() == 1
if WHAT == "beside_a_thread":
    thread.end()
# The run is as alive as it was: its timers, and its descriptors.
left.send(b"x")
loop = asyncio.get_running_loop()
while not received:
    GLib.MainContext.default().iteration(True)
main_loop = GLib.MainLoop()
loop.call_later(0.01, main_loop.quit)
main_loop.run()
tell("goes on")
left.close()
right.close()
