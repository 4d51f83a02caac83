# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A thread that keeps the GIL does not keep the host's own sources waiting."""

import asyncio
import ctypes
import sys
import time

import pytest

from gi.repository import AioGuest, GLib

libc = ctypes.PyDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.ftell.argtypes = libc.fclose.argtypes = [ctypes.c_void_p]
glib = ctypes.CDLL('libglib-2.0.so.0')
glib.g_timeout_source_new.restype = ctypes.c_void_p
glib.g_source_set_callback.argtypes = [ctypes.c_void_p] * 4
glib.g_source_attach.argtypes = [ctypes.c_void_p] * 2
glib.g_source_destroy.argtypes = glib.g_source_unref.argtypes = [ctypes.c_void_p]


class Ticker:
    """A source of the host's, all in C: each millisecond it reads a character of a file."""

    def __init__(self, path):
        path.write_bytes(b'x' * 100_000)
        self._file = libc.fopen(str(path).encode(), b'r')
        self._source = glib.g_timeout_source_new(1)
        fgetc = ctypes.cast(libc.fgetc, ctypes.c_void_p)
        glib.g_source_set_callback(self._source, fgetc, self._file, None)
        glib.g_source_attach(self._source, None)

    def count(self):
        return libc.ftell(self._file)

    def close(self):
        glib.g_source_destroy(self._source)
        glib.g_source_unref(self._source)
        libc.fclose(self._file)


def keep_gil(ticker):
    """Do not let go of the GIL until the ticker has ticked a few times meanwhile."""
    # The task that has started this thread has to be through with its step.
    while ticker.count() < 20:
        time.sleep(0)
    enough = ticker.count() + 3
    # For ever, if the main loop waits for the GIL.
    while ticker.count() < enough:
        libc.usleep(1000)
    return 'has ticked'


@pytest.fixture
def ticker(tmp_path):
    interval = sys.getswitchinterval()
    # The busy thread goes on from one call to the next, whoever asks for the GIL.
    sys.setswitchinterval(3600)
    ticker = Ticker(tmp_path / 'ticks')
    yield ticker
    ticker.close()
    sys.setswitchinterval(interval)


async def main(ticker):
    return await asyncio.to_thread(keep_gil, ticker)


def test_run(ticker):
    assert AioGuest.run(main(ticker), debug=False) == 'has ticked'


def test_event_loop(ticker):
    loop = AioGuest.EventLoop()
    try:
        assert loop.run_until_complete(main(ticker)) == 'has ticked'
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def test_main_loop(ticker):
    host = GLib.MainLoop()
    results = []

    def done(task):
        results.append(task.result())
        host.quit()

    AioGuest.start(main(ticker), done_callback=done, debug=False)
    host.run()
    assert results == ['has ticked']


def test_wait(ticker):
    async def waits():
        return AioGuest.wait(main(ticker))

    assert AioGuest.run(waits(), debug=False) == 'has ticked'


def test_wait_for_what_the_host_does():
    """A future that nobody awaits is seen when a callback of the host has set its result."""

    async def waits():
        future = asyncio.get_running_loop().create_future()
        GLib.timeout_add(1, future.set_result, 'set')
        return AioGuest.wait(future)

    assert AioGuest.run(waits(), debug=False) == 'set'
