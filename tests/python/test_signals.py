# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals of the system, Ctrl-C among them."""

import asyncio
import os
import signal

import pytest
from gi.repository import GLib

import support

pytestmark = pytest.mark.every_host


@pytest.fixture(autouse=True)
def handlers_are_put_back():
    def state():
        descriptor = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(descriptor)
        return signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGUSR1), descriptor

    before = state()
    yield
    assert state() == before


def send_when_asleep(number):
    """From another thread, when this one sleeps in poll()."""
    return support.when_asleep(os.kill, os.getpid(), number)


def test_interrupt_cancels_main_and_raises():
    order = []

    async def main():
        thread = send_when_asleep(signal.SIGINT)
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            thread.join()
            await asyncio.sleep(0)
            order.append("cancelled")
            raise

    with pytest.raises(KeyboardInterrupt):
        support.run_owning(main())
    assert order == ["cancelled"]


def test_add_signal_handler(run):
    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        loop.add_signal_handler(signal.SIGUSR1, over.set_result, "received")
        thread = send_when_asleep(signal.SIGUSR1)
        result = await over
        thread.join()
        assert loop.remove_signal_handler(signal.SIGUSR1)
        return result

    assert run(main()) == "received"


def test_signal_handler_left_at_the_end_is_removed(run):
    async def main():
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, print)

    run(main())


def test_unix_signal_source_of_the_host():
    """GLib's own signal sources work beside the guest's."""
    async def main():
        loop = asyncio.get_running_loop()
        ours, hosts = loop.create_future(), loop.create_future()
        loop.add_signal_handler(signal.SIGUSR1, ours.set_result, "ours")
        support.unix_signal_add(
            GLib.PRIORITY_DEFAULT, signal.SIGUSR2, lambda: hosts.set_result("the host's")
        )
        threads = [send_when_asleep(signal.SIGUSR1), send_when_asleep(signal.SIGUSR2)]
        result = await ours, await hosts
        for thread in threads:
            thread.join()
        loop.remove_signal_handler(signal.SIGUSR1)
        return result

    assert support.run_in_main_loop(main()) == ("ours", "the host's")
