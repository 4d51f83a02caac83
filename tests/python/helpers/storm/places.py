# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a storm runs in: the host, and the loop."""

import asyncio
import selectors

from gi.repository import AioGuest, Gio

import support

#: By name: what makes the loop, and how often it is taken.
LOOPS = {
    "EventLoop": (AioGuest.EventLoop, 2),
    "stock": (asyncio.SelectorEventLoop, 1),
    "select": (lambda: AioGuest.EventLoop(selectors.SelectSelector()), 1),
    "poll": (lambda: AioGuest.EventLoop(selectors.PollSelector()), 1),
}


def run_in_application(coro, **options):
    """The thread is a Gio.Application's."""
    application = Gio.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)

    async def main():
        await coro

    AioGuest.run(application, main=main, **options)


def run_in_runner(coro, *, loop_factory, debug, priority, slice_us):
    """The thread is an asyncio.Runner's, which runs the loop several times."""

    async def begin():
        run = AioGuest.get_run()
        run.props.priority = priority
        run.props.slice = slice_us
        await coro

    runner = asyncio.Runner(loop_factory=loop_factory, debug=debug)
    error = None
    try:
        runner.run(asyncio.sleep(0))
        runner.run(begin())
    except BaseException as caught:
        error = caught
    # Here it is not being handled any more: callbacks of the host would see it.
    runner.close()
    if error is not None:
        raise error


HOSTS = {**support.HOSTS, "application": run_in_application, "runner": run_in_runner}
