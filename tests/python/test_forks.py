# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Forks by a run's own code: the child ends as it should, and of the parent's run all goes on, once."""

import functools
import itertools
import os
import re

import pytest

from program import run_program
from support import NIGHTLY

HOSTS = ["start", "run", "application"]
OTHER_HOSTS = ["runner", "thread", "thread_of_a_child", "stock", "debug"]
STEPS = ["in_step", "in_callback", "in_wait", "in_nested_step"]
TASKS = [
    "in_step", "in_last_step", "in_wait", "in_nested_step", "in_eager_step", "in_eager_task", "in_handler", "in_main",
]
PLACES = [
    *STEPS, "in_last_step", "in_eager_step", "in_eager_task", "in_handler", "in_host", "in_host_in_wait",
    "in_host_in_step",
]

RETURN = (
    r"AioGuest: process \d+ was forked inside a step of a task or callback, and came back to the event loop, which "
    r"runs only in its parent: use os\._exit\(\), exec, multiprocessing or sys\.exit\(\)"
)

#: What the child does: its status, what it prints, and the exception that it shows.
CHILD = {
    # As Python ends: at once, and none of the parent's tasks is cleaned up.
    "exits": (3, ["child atexit"], None),
    "exits_with_text": (1, ["child atexit"], "farewell"),
    "exits_in_another_python": (3, [], None),
    "os_exits": (3, [], None),
    "executes": (3, [], None),
    "forks_again": (3, ["child atexit"], None),
    # As of a program that has no run: by the signal, which a shell tells of as 130.
    "interrupts": (-2, ["child atexit"], "KeyboardInterrupt"),
    "is_interrupted": (-2, ["child atexit"], "KeyboardInterrupt"),
    # The child is back in the host's main loop, without the run; and run() says so.
    "returns_to_host": (3, [], None),
    # The step has come back to the loop: the child ends by an error. What it has printed is not lost.
    "returns": (os.EX_SOFTWARE, ["child printed"], None),
    "schedules": (os.EX_SOFTWARE, [], None),
    "awaits": (os.EX_SOFTWARE, [], None),
    "raises": (os.EX_SOFTWARE, [], "LookupError: in the child"),
    "raises_untold": (os.EX_SOFTWARE, [], "LookupError: in the child"),
    # It begins anew.
    "waits": (3, ["child atexit"], None),
    "nests": (3, ["child atexit"], None),
    "runs_asyncio": (3, ["child atexit"], None),
    "runs_aioguest": (3, ["child atexit"], None),
}

#: Where it ends in another way.
EXCEPTIONS = {
    # The step of the main task is the child's, up to its end.
    **{
        (host, "in_main", what): (os.EX_SOFTWARE, ["child main cleaned up"], "LookupError: in the child")
        for host in ["start", "run", "stock"] for what in ["raises", "raises_untold"]
    },
    # PyGObject's handler raises nothing in the step: it ends the main loop, which is the parent's.
    **{
        (host, where, "is_interrupted"): (os.EX_SOFTWARE, [], None)
        for host, where in [*itertools.product(["start"], [*STEPS, "in_handler"]), ("run", "in_nested_step")]
    },
    **{(host, "in_multiprocessing", "exits"): (3, [], None) for host in HOSTS},
    **{
        (host, "in_multiprocessing", "raises"): (1, [], "LookupError: in the child")
        for host in HOSTS
    },
}

FORKS = list(dict.fromkeys([
    *itertools.product(HOSTS, PLACES, ["exits"]),
    *itertools.product(OTHER_HOSTS, STEPS, ["exits"]),
    *itertools.product(["start"], PLACES, [
        "exits_with_text", "os_exits", "executes", "waits", "nests", "runs_asyncio", "runs_aioguest",
    ]),
    *itertools.product(["start", "run"], [
        "in_step", "in_callback", "in_wait", "in_nested_step", "in_handler",
    ], ["interrupts", "is_interrupted"]),
    *itertools.product([*HOSTS, *OTHER_HOSTS], STEPS, ["returns", "schedules"]),
    *itertools.product(["start", "stock"], TASKS, ["awaits"]),
    *itertools.product(["start", "stock"], TASKS[:-1], ["returns", "raises"]),
    *itertools.product(["runner", "thread", "debug"], ["in_step", "in_handler"], ["awaits", "raises"]),
    *itertools.product(HOSTS, ["in_host", "in_host_in_step"], ["returns_to_host"]),
    ("start", "in_host_in_wait", "returns"),
    ("stock", "in_host_in_wait", "returns"),
    *itertools.product(["start", "thread"], ["in_step", "in_handler"], ["forks_again"]),
    ("thread", "in_handler", "exits"),
    ("thread", "in_step", "exits_with_text"),
    ("run", "in_step", "exits_in_another_python"),
    ("thread", "in_step", "interrupts"),
    *itertools.product(["start", "stock", "debug"], ["in_callback"], ["raises", "raises_untold"]),
    *EXCEPTIONS,
]))


class Outcome:
    """Of one program: what it prints on standard output and standard error for each fork."""

    def __init__(self, host, forks):
        names = [f"{where}:{what}" for where, what in forks]
        self.status, lines, errors = run_program("forked_inside.py", host, *names)
        self.lines = self._split(lines)
        self.errors = self._split(errors.splitlines())

    @staticmethod
    def _split(lines):
        sections = {}
        for line in lines:
            if line.startswith("== "):
                section = sections[line.removeprefix("== ")] = []
            else:
                section.append(line)
        return sections


@functools.cache
def run_all(host):
    """The forks under one host, in one program: most of the time is that of starting and ending one."""
    return Outcome(host, [fork for with_host, *fork in FORKS if with_host == host])


@pytest.mark.parametrize("host, where, what", FORKS)
def test_fork_inside(host, where, what):
    outcome = Outcome(host, [(where, what)]) if NIGHTLY else run_all(host)
    status, lines, shown = EXCEPTIONS.get((host, where, what)) or CHILD[what]
    name = f"{where}:{what}"
    assert name in outcome.lines, outcome.errors

    # Who runs the program of multiprocessing is not in the midst of a round.
    next_callback = ["parent next callback"] if where != "in_multiprocessing" else []
    assert sorted(outcome.lines[name]) == sorted([
        "parent same round", f"parent saw {status}", *next_callback, "parent goes on", *lines,
    ]), outcome.errors[name]

    errors = outcome.errors[name]
    if status == os.EX_SOFTWARE:
        assert re.fullmatch(RETURN, errors.pop())
    if shown is None:
        assert errors == []
    else:
        assert errors.count(shown) == 1
        assert errors.count("Traceback (most recent call last):") == (shown != "farewell")

    assert outcome.status == 0
    assert outcome.lines["end"] == [
        "parent main cleaned up", "parent other cleaned up", "parent atexit",
    ]
    assert outcome.errors["end"] == []
