# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests' own programs write is read whole."""

import os
import signal

import pytest

from program import Program, run_program

KINDS = pytest.mark.parametrize("fresh", [False, True], ids=["forked", "fresh"])


@KINDS
def test_lines_beside_an_expected_one_are_kept(fresh):
    """They came with the same read as the line that was waited for."""
    with Program("lines.py", fresh=fresh) as program:
        program.expect("first")
        program.send(signal.SIGUSR1)
        assert program.finish() == (0, ["first", "second", "third", "last"], "")


@KINDS
@pytest.mark.parametrize("end, status", [
    ("returns", 0), ("exits", 7), ("raises", 1), ("is killed", -signal.SIGKILL),
])
def test_end(fresh, end, status):
    got, lines, errors = run_program("end.py", end, fresh=fresh)
    assert (got, lines) == (status, ["__main__ end.py"] + ["atexit"] * (end != "is killed"))
    assert errors.count("LookupError: raised") == (end == "raises")


@KINDS
def test_program_that_is_left_is_killed(fresh):
    with Program("lines.py", fresh=fresh) as program:
        program.expect("third")
        assert program.is_asleep() in (True, False)
    with pytest.raises(ProcessLookupError):
        os.kill(program.pid, 0)
