# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs that are left in the middle: no hang, no crash, at most one warning."""

import pytest

from program import run_program


def warnings(errors):
    return errors.count("ResourceWarning")


def test_interpreter_exits():
    """Drained, on its way out."""
    status, lines, errors = run_program("abandoned.py", "interpreter_exit")
    assert (status, lines) == (0, ["cleaned up"])
    assert warnings(errors) == 1
    assert "still going on when the interpreter exited" in errors


def test_started_and_never_iterated():
    """Its main task has not begun, so it has nothing to clean up."""
    status, lines, errors = run_program("abandoned.py", "never_iterated")
    assert (status, lines) == (0, [])
    assert warnings(errors) == 1


def test_exception_out_of_the_program():
    status, lines, errors = run_program("abandoned.py", "exception_out_of_run")
    assert (status, lines) == (1, ["cleaned up"])
    assert errors.count("LookupError: out of the program") == 1
    assert warnings(errors) == 1


def test_os_exit():
    """At once, as asked for."""
    assert run_program("abandoned.py", "os_exit") == (5, [], "")


@pytest.mark.parametrize("how, child", [
    ("fork_and_exit", 3),
    ("fork_and_os_exit", 4),
    ("fork_and_exec", 6),
    ("fork_and_iterate", 7),
])
def test_fork(how, child):
    """The run is the parent's: it goes on, and is cleaned up once."""
    status, lines, errors = run_program("abandoned.py", how)
    assert (status, lines) == (0, [f"child {child}", "goes on", "cleaned up"])
    assert warnings(errors) == 1


def test_thread_ends():
    """No hang and no crash, neither then nor when the interpreter exits."""
    status, lines, errors = run_program("abandoned.py", "thread_ends")
    assert status == 0
    assert lines[0] in ("joined", "cleaned up")
    assert warnings(errors) <= 1
