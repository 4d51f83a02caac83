# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python gets no memory, once: no crash, no hang, nothing lost, and a MemoryError is told of.

By default a sample of the allocations fails; with AIOGUEST_NOMEM=all each one does, in turn. That
takes minutes: give AIOGUEST_TEST_WATCHDOG as many seconds as an operation may take.
"""

import os
import sys

import pytest

import support
from conftest import WATCHDOG
from program import run_program

pytest.importorskip("_testcapi", reason="without CPython's own test modules")

pytestmark = pytest.mark.skipif(support.TICK == "stock", reason="asyncio's own tick is CPython's")

ALL = os.environ.get("AIOGUEST_NOMEM") == "all"

#: A nightly run looks three times as close.
WIDTH = 1 if support.NIGHTLY else 3

#: Operation: the step from one allocation that fails to the next.
OPERATIONS = {
    "call_soon": 3,
    "call_soon_threadsafe": 3,
    "call_later": 4,
    "cancel_timers": 150,
    "drop_cancelled": 3,
    "ready_handles": 3,
    "due_timers": 3,
    "failing_callbacks": 23,
    "events": 23,
    "add_reader": 71,
    "sleep": 7,
    "wait": 17,
    "spawn": 17,
    "handler": 17,
    "nested": 7,
    "nested_in_step": 7,
    "signals": 3,
    "emissions": 9,
    "emissions_end": 1,
    "start": 20,
    "wake": 1,
    "shut_down": 8,
    "drain": 5,
    "end": 4,
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_memory(operation):
    if operation == "drain" and (3, 12) <= sys.version_info < (3, 14):
        pytest.skip("without memory CPython crashes in asyncio.wait(), under asyncio.run(), too")
    status, lines, errors = run_program(
        "nomem.py", operation, "1", "1" if ALL else str(WIDTH * OPERATIONS[operation]), patience=WATCHDOG
    )
    assert status == 0, errors
    wrong = "\n".join(lines)
    assert "wrong" not in wrong and "not done" not in wrong, wrong
    assert lines, "no allocation failed"
