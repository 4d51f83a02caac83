# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ways in which a program ends: everything is cleaned up, errors are told, once."""

import signal

import pytest

from program import Program, run_program

APPLICATIONS = ["run-application", "start-in-application", "start-before-application"]

CLEANED_UP = ["main cleaned up", "generator closed", "task cleaned up", "executor joined"]


def check_cleaned_up(lines):
    assert sorted(line for line in lines if line in CLEANED_UP) == sorted(CLEANED_UP)
    assert lines[-1] == "loop closed: True"


def end(host, way):
    status, lines, errors = run_program("ending.py", host, way)
    check_cleaned_up(lines)
    return status, errors


@pytest.mark.parametrize("host", APPLICATIONS)
@pytest.mark.parametrize("way", ["app.quit() by the host", "app.quit() by a task"])
def test_application_quits(host, way):
    assert end(host, way) == (0, "")


@pytest.mark.parametrize("way", ["loop.quit() by the host", "loop.quit() by a task"])
def test_main_loop_quits(way):
    """The run is paused, and drained when the interpreter exits: with one warning."""
    status, errors = end("main-loop", way)
    assert status == 0
    assert errors.count("ResourceWarning") == 1
    assert "still going on when the interpreter exited" in errors


@pytest.mark.parametrize("host", ["run", *APPLICATIONS, "main-loop", "c-main-loop"])
def test_main_returns(host):
    assert end(host, "return") == (0, "")


@pytest.mark.parametrize("host", ["run", "run-application"])
def test_main_raises(host):
    status, errors = end(host, "raise")
    assert status == 1
    assert errors.count("LookupError: from main") == 1
    assert errors.splitlines()[-1] == "LookupError: from main"


@pytest.mark.parametrize("host", [
    "start-in-application", "start-before-application", "main-loop", "c-main-loop",
])
def test_main_raises_under_a_raw_host(host):
    """Reported; the host ends when it likes."""
    status, errors = end(host, "raise")
    assert status == 0
    assert errors.count("LookupError: from main") == 1
    assert "Exception in the main task of AioGuest.start()" in errors


EXITS = [
    "sys.exit() in main",
    "sys.exit() in a task",
    "sys.exit() in a task that nobody holds",
    "sys.exit() in a callback of the loop",
    "sys.exit() in a spawned task",
    "sys.exit() in a handler()",
    "sys.exit() at once in a handler()",
]


@pytest.mark.parametrize("host", ["run", "run-application"])
@pytest.mark.parametrize("way", EXITS)
def test_sys_exit_in_the_guest(host, way):
    assert end(host, way) == (7, "")


@pytest.mark.parametrize("way", EXITS)
@pytest.mark.parametrize("host", ["start-in-application", "main-loop", "c-main-loop"])
def test_sys_exit_under_a_raw_host(host, way):
    """It can't get out of the host's loop: reported once, and the run ends."""
    status, errors = end(host, way)
    assert status == 0
    assert errors.count("SystemExit: 7") == 1
    assert "never retrieved" not in errors


@pytest.mark.parametrize("who", ["main", "task"])
@pytest.mark.parametrize("how", ["loop", "wait"])
def test_sys_exit_in_a_nested_loop(who, how):
    """PyGObject ends the process there and then: all but the step around it comes to its end."""
    status, lines, errors = run_program("exit_nested.py", who, how)
    assert status == 7
    expected = ["executor joined", "generator closed", "task cleaned up"]
    assert sorted(lines) == sorted([*expected, *["main cleaned up"] * (who == "task")])
    assert errors.count("ResourceWarning") == errors.count("Warning") == 1
    assert "still going on when the interpreter exited" in errors
    assert errors.count("Traceback") <= 1


@pytest.mark.parametrize("how", ["loop", "wait"])
def test_sys_exit_in_a_loop_nested_in_the_drain(how):
    """Another one takes its place, or nothing would end."""
    status, lines, errors = run_program("exit_nested.py", "handler", how)
    assert status == 7
    assert sorted(lines) == ["executor joined", "generator closed", "task cleaned up"]
    assert errors.count("ResourceWarning") == errors.count("Warning") == 1


def test_sys_exit_in_a_nested_loop_while_it_is_drained():
    """What does not end is cancelled, and once more when it is given up."""
    status, lines, errors = run_program("exit_nested.py", "clean-up", "loop")
    assert status == 7
    expected = ["executor joined", "generator closed", "stays", "stays", "task cleaned up"]
    assert sorted(lines) == expected
    assert errors.count("AioGuest gave up") == 1
    assert errors.count("ResourceWarning") == errors.count("Warning") == 2


@pytest.mark.parametrize("host", ["run", "run-application"])
def test_keyboard_interrupt_in_a_task(host):
    """Told once."""
    status, errors = end(host, "KeyboardInterrupt in a task")
    assert status == -signal.SIGINT
    assert errors.count("Traceback") == 1
    assert errors.splitlines()[-1] == "KeyboardInterrupt"


@pytest.mark.parametrize("host", APPLICATIONS)
def test_flood_does_not_keep_an_application(host):
    """Neither before nor after ::shutdown."""
    status, lines, errors = run_program("flooding.py", host)
    assert (status, lines, errors) == (0, ["quit", "cleaned up", "returned"], "")


@pytest.mark.parametrize("host", APPLICATIONS)
def test_task_that_does_not_end_is_given_up(host):
    status, lines, errors = run_program("ending.py", host, "stubborn task")
    check_cleaned_up(lines)
    assert status == 0
    assert errors.count("ResourceWarning") == 1
    # Its name, and where it is.
    assert "name='stubborn'" in errors
    assert "ending.py:" in errors


@pytest.mark.parametrize("host", APPLICATIONS)
def test_main_task_that_does_not_end_is_given_up(host):
    """Before the other tasks are cancelled, which it may need for its own end."""
    status, lines, errors = run_program("stubborn_main.py", host)
    assert (status, lines) == (0, ["swallowed, helper is there: True", "helper cleaned up"])
    assert errors.count("ResourceWarning") == 1
    assert "stubborn_main.py:" in errors


@pytest.mark.parametrize("host", ["run-application", "start-in-application"])
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_signal(host, number):
    with Program("ending.py", host, "wait") as program:
        program.expect("ready")
        program.send(signal.Signals[number])
        _, lines, errors = program.finish()
    check_cleaned_up(lines)
    assert errors.count("Traceback") == (number == "SIGINT")


def test_several_applications():
    """One after the other."""
    assert run_program("again.py") == (0, ["0", "1", "2"], "")
