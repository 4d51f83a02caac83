# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which of the two ticks runs: native for stock loops, else the loop's own."""

import asyncio
import functools
import os
import subprocess
import sys

import pytest
from gi.repository import AioGuest

import support


async def rounds_in_python(setting_up=lambda loop: None):
    """How often _run_once() is called in some rounds of a loop."""
    loop = asyncio.get_running_loop()
    setting_up(loop)
    await asyncio.sleep(0.001)
    calls = []

    def profile(frame, event, argument):
        if event == "call" and frame.f_code.co_name == "_run_once":
            calls.append(frame)

    sys.setprofile(profile)
    try:
        for _ in range(5):
            await asyncio.sleep(0.001)
    finally:
        sys.setprofile(None)
    return len(calls)


NATIVE = support.TICK != "stock"


def test_stock_loop(run):
    count = run(rounds_in_python())
    assert (count == 0) is NATIVE


def test_asyncios_selector_loop(run):
    count = run(rounds_in_python(), loop_factory=asyncio.SelectorEventLoop)
    assert (count == 0) is NATIVE


def test_debug_mode(run):
    assert run(rounds_in_python(), debug=True) >= 5


def test_overridden_run_once(run):
    class Loop(AioGuest.EventLoop):
        def _run_once(self):
            super()._run_once()

    assert run(rounds_in_python(), loop_factory=Loop) >= 5


@pytest.mark.parametrize("name", ["_run_once", "_process_events", "time"])
def test_replaced_on_the_instance(run, name):
    def set_up(loop):
        original = getattr(loop, name)
        setattr(loop, name, lambda *args: original(*args))

    assert run(rounds_in_python(set_up)) >= 5


@pytest.mark.parametrize("owner", ["selector", "type"])
def test_replaced_select(run, owner):
    async def main():
        selector = asyncio.get_running_loop()._selector
        original = type(selector).select
        calls = []

        def select(self, timeout=None):
            calls.append(timeout)
            return original(self, timeout)

        await asyncio.sleep(0.001)
        with pytest.MonkeyPatch.context() as patch:
            if owner == "type":
                patch.setattr(type(selector), "select", select)
            else:
                patch.setattr(selector, "select", functools.partial(select, selector), raising=False)
            for _ in range(5):
                await asyncio.sleep(0.001)
            # That of the round that is going on has been called already.
            count = len(calls)
        await asyncio.sleep(0.001)
        return count, len(calls)

    count, later = run(main())
    assert count >= 5 and later == count


def test_own_time(run):
    class Loop(asyncio.SelectorEventLoop):
        def time(self):
            return super().time() + 1

    assert run(rounds_in_python(), loop_factory=Loop) >= 5


def test_wrong_value_in_the_environment():
    """It is told of, not passed over."""
    program = (
        "import gi; gi.require_version('AioGuest', '1.0')\n"
        "from gi.repository import AioGuest\n"
        "async def main(): pass\n"
        "AioGuest.run(main())\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"AIOGUEST_TICK": "nativ"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.returncode == 1
    assert "AIOGUEST_TICK" in process.stderr.splitlines()[-1]
    assert "never awaited" not in process.stderr
