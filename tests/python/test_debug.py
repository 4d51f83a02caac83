# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""asyncio's debug mode."""

import asyncio
import logging
import re

import pytest
from gi.repository import AioGuest, GLib

import support


def slow():
    """However short it takes."""
    asyncio.get_running_loop().slow_callback_duration = 0


def quick():
    """However long."""
    asyncio.get_running_loop().slow_callback_duration = 3600


async def call_slow():
    loop = asyncio.get_running_loop()
    loop.call_soon(slow)
    loop.call_soon(quick)
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def slow_lines(caplog, run, debug=True, call=call_slow):
    async def main():
        quick()
        await call()

    caplog.clear()
    with caplog.at_level(logging.WARNING, "asyncio"):
        run(main(), debug=debug)
    return [
        re.sub(r"0x[0-9a-f]+|\d+\.\d+", "N", record.getMessage())
        for record in caplog.records
        if record.name == "asyncio" and "Executing" in record.getMessage()
    ]


def test_slow_callback_line(run, caplog):
    expected = slow_lines(caplog, asyncio.run)
    assert len(expected) == 1 and "slow(" in expected[0]
    assert slow_lines(caplog, run) == expected


def test_no_slow_callback_line_without_debug(run, caplog):
    assert slow_lines(caplog, run, debug=False) == []


async def in_task(function):
    function()


async def in_host(function):
    over = asyncio.get_running_loop().create_future()
    GLib.idle_add(lambda: function() or over.set_result(None))
    await over


EAGER = {
    "spawn": lambda function: AioGuest.spawn(function(), eager=True),
    "handler": lambda function: AioGuest.handler(function)(),
}


@pytest.mark.parametrize("place", [in_task, in_host])
@pytest.mark.parametrize("begin", EAGER)
@pytest.mark.parametrize("is_slow", [True, False])
def test_slow_callback_line_of_an_eager_step(run, caplog, place, begin, is_slow):
    """As of a step that the loop runs."""

    async def block():
        if is_slow:
            slow()
        await asyncio.sleep(0)

    def call():
        EAGER[begin](block)
        quick()

    lines = slow_lines(caplog, run, call=lambda: place(call))
    assert len(lines) == is_slow
    assert [line for line in lines if "<Task pending" in line and ".block()" in line] == lines
    assert slow_lines(caplog, run, debug=False, call=lambda: place(call)) == []


def test_debug_of_the_loop(run):
    async def main():
        return asyncio.get_running_loop().get_debug()

    assert run(main(), debug=True) is True
    assert run(main(), debug=False) is False


def test_debug_default_is_asyncios():
    async def main():
        return asyncio.get_running_loop().get_debug()

    expected = asyncio.run(main())
    assert AioGuest.run(main()) is expected


def test_debug_switched_in_mid_run(run):
    async def main():
        loop = asyncio.get_running_loop()
        values = []
        for debug in (True, False, True, False):
            loop.set_debug(debug)
            await asyncio.sleep(0.001)
            values.append(loop.get_debug())
        return values

    assert run(main()) == [True, False, True, False]


def test_wrong_thread_is_refused(run):
    async def main():
        loop = asyncio.get_running_loop()

        def call():
            loop.call_soon(print)

        with pytest.raises(RuntimeError, match="Non-thread-safe operation"):
            await asyncio.to_thread(call)

    run(main(), debug=True)


def test_call_soon_from_host_callback_is_the_right_thread():
    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        GLib.idle_add(lambda: loop.call_soon(over.set_result, "accepted") and False)
        return await over

    assert support.run_in_main_loop(main(), debug=True) == "accepted"
