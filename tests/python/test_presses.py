# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ctrl-C once, twice and three times, in each host, with each kind of clean-up: as under asyncio.run().

The table is what asyncio.run() does, which is one of the hosts for that. In short: the first Ctrl-C cancels
the main task, if it is not done; another begins the drain; another, at any moment of the drain, ends it.
"""

import signal

import pytest

from program import Program
from support import NIGHTLY

HOSTS = ["run", "run-application", "start-in-application", "main-loop"]

CANCELLED, CLEANED_UP = "cancelled", "cleaned up"

#: What there is to clean up, how many cancellations it takes, how often Ctrl-C is pressed, and what is
#: told from then on. One cancellation more than there is makes it one press too few for the clean-up.
BY_ASYNCIO = [
    ("main_cleans_up", 1, 1, [CANCELLED, CLEANED_UP]),
    ("main_cleans_up", 2, 2, [CANCELLED, CANCELLED, CLEANED_UP]),
    ("main_cleans_up", 3, 3, [CANCELLED, CANCELLED]),
    ("main_has_ended", 2, 1, [CANCELLED]),
    ("another_cleans_up", 1, 1, [CANCELLED, CLEANED_UP]),
    ("another_cleans_up", 2, 2, [CANCELLED]),
    ("executor_is_busy", 1, 1, [CLEANED_UP]),
    ("executor_is_busy", 2, 2, []),
]
BY_GLIB = [
    ("nested_in_step", 1, 2, ["nested loop ended"]),
    ("nested_in_step_twice", 1, 2, ["nested loop ended"]),
    ("nested_again_in_nested", 1, 3, ["nested loop ended"]),
    ("wait_beside_nested", 2, 3, [
        CANCELLED, "the guest run ended while AioGuest.wait() was waiting", "nested loop ended",
    ]),
    ("nested_in_step_of_another", 1, 2, []),
    ("nested_in_callback", 1, 1, [CANCELLED, CLEANED_UP]),
    ("nested_in_callback", 2, 2, [CANCELLED, CANCELLED, CLEANED_UP]),
    ("nested_in_callback", 3, 3, [CANCELLED, CANCELLED]),
    ("wait", 1, 1, [CANCELLED, CLEANED_UP]),
    ("wait", 2, 2, [CANCELLED, CANCELLED, CLEANED_UP]),
    ("wait", 4, 3, [CANCELLED, CANCELLED, CANCELLED]),
    ("nested_in_step_beside_another", 1, 2, ["nested loop ended", CANCELLED, CLEANED_UP]),
    ("nested_in_step_beside_another", 2, 3, ["nested loop ended", CANCELLED]),
    # asyncio.run() would wait for it until the next press.
    ("another_refuses", 100, 1, [CANCELLED]),
]


def get_cells():
    """All of the table in a nightly run, else each row in one host."""
    for number, row in enumerate(BY_ASYNCIO + BY_GLIB):
        hosts = HOSTS if NIGHTLY else [HOSTS[number % len(HOSTS)]]
        for host in hosts + (["asyncio"] if row in BY_ASYNCIO and NIGHTLY else []):
            yield pytest.param(host, *row, id=f"{host}-{row[0]}-{row[2]}")


@pytest.mark.parametrize("host, ending, cancellations, presses, expected", list(get_cells()))
def test_ctrl_c(host, ending, cancellations, presses, expected):
    with Program("presses.py", host, ending, str(cancellations)) as program:
        program.expect("ready")
        for _ in range(presses):
            # What the one before had for a consequence is over.
            program.wait_until_idle()
            program.send(signal.SIGINT)
        status, lines, errors = program.finish()
    # One that is destroyed with the loop is closed: that is no cancellation.
    assert [line for line in lines if line != "ready"] == expected
    assert status == -signal.SIGINT
    assert "\nKeyboardInterrupt\n" in errors


@pytest.mark.parametrize("host, expected", [
    # As a shell tells of a program that has been ended by a signal, where it is ours to say.
    ("run-application", 128 + signal.SIGTERM), ("start-in-application", 0),
])
def test_second_sigterm_does_not_cut_the_clean_up(host, expected):
    with Program("presses.py", host, "terminated", "0") as program:
        program.expect("ready")
        for _ in range(2):
            program.wait_until_idle()
            program.send(signal.SIGTERM)
        program.wait_until_idle()
        program.send(signal.SIGUSR1)
        status, lines, errors = program.finish()
    assert (status, lines, errors) == (expected, ["ready", CANCELLED, CLEANED_UP], "")


@pytest.mark.parametrize("host, expected", [
    ("run-application", 128 + signal.SIGTERM), ("start-in-application", 0),
])
@pytest.mark.parametrize("ending, lines", [
    ("nested_in_step", ["nested loop ended"]),
    ("nested_in_step_twice", ["nested loop ended"]),
    ("nested_in_callback", [CANCELLED, CLEANED_UP]),
])
def test_sigterm_ends_main_loops_that_are_nested(host, ending, expected, lines):
    """The task goes on to its clean-up."""
    with Program("presses.py", host, ending, "1") as program:
        program.expect("ready")
        program.wait_until_idle()
        program.send(signal.SIGTERM)
        status, told, errors = program.finish()
    assert (status, told, errors) == (expected, ["ready", *lines], "")


@pytest.mark.parametrize("host, expected", [
    ("run-application", 128 + signal.SIGTERM), ("start-in-application", 0),
])
@pytest.mark.parametrize("ending", ["nested_in_turn", "nested_again_in_nested"])
def test_next_sigterm_ends_a_main_loop_that_has_begun_since(host, ending, expected):
    with Program("presses.py", host, ending, "1") as program:
        program.expect("ready")
        for _ in range(2):
            program.wait_until_idle()
            program.send(signal.SIGTERM)
        status, told, errors = program.finish()
    assert (status, told, errors) == (expected, ["ready", "nested loop ended"], "")


@pytest.mark.parametrize("how", [
    "main_task_returns", "main_task_swallows_it", "run_begins_before_main_loop",
    "second_run_begins_in_that_main_loop", "run_spans_two_main_loops",
    "nested_loop_outlasts_run", "nested_loop_outlasts_run_in_main_loop",
])
def test_host_that_goes_on_has_its_usual_ctrl_c(how):
    with Program("host_goes_on.py", how) as program:
        program.expect("ready")
        if how == "main_task_swallows_it":
            program.wait_until_idle()
            program.send(signal.SIGINT)
        program.expect("run over")
        program.wait_until_idle()
        program.send(signal.SIGINT)
        status, lines, errors = program.finish()
    assert (status, lines[-1], errors) == (0, "KeyboardInterrupt", "")
