# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How often the native tick looks at its selector."""

import os

import pytest

import support  # noqa: F401
from program import run_program

SHIM = os.environ.get("AIOGUEST_FAULTS")

pytestmark = pytest.mark.skipif(not SHIM, reason="without the shim of tests/faults")


@pytest.mark.parametrize("mode", ["direct", "thread"])
def test_second_look_is_taken_where_it_pays(mode):
    env = {"LD_PRELOAD": SHIM, "AIOGUEST_TICK": "native", "AIOGUEST_POLL_MODE": mode}
    status, lines, errors = run_program("looks.py", env=env)
    assert (status, errors) == (0, "")
    looks, ticks, ticks_inside = map(float, lines)
    # One tick for each, with one look, and a second one now and then, which finds nothing.
    assert 0.9 < ticks < 1.1
    assert 1 <= looks < 1.2 * ticks
    # A tick goes on for as long as it finds something, and the slice lasts. It learns of that anew here.
    assert ticks_inside < 0.5
