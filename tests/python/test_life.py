# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a main task as a table: each event in each state, and what follows.

data/life.json is the table as it was recorded. With AIOGUEST_RECORD=1 and AIOGUEST_NIGHTLY=1 it is recorded anew; read
the difference before it is committed: each line of it is a change of what users see. A submission has half of the hosts.
"""

import json
import os
import pathlib
import re

import pytest

from program import run_program
from support import NIGHTLY

TABLE = pathlib.Path(__file__).parent / "data" / "life.json"

HOSTS = ["run", "run-application", "start-before-application", "main-loop", "own-context", "thread"]
STATES = ["begun", "running", "in a step", "nested", "waiting", "draining", "last round"]
EVENTS = [
    "main returns", "main raises", "main is cancelled", "main swallows it", "the host quits", "SIGINT", "SIGTERM",
    "loop.stop()", "sys.exit() in a callback", "fork", "second session",
]

#: Of the main thread only.
OF_SIGNALS = ["SIGINT", "SIGTERM"]


def get_events(host):
    return [event for event in EVENTS if host != "thread" or event not in OF_SIGNALS]


def normalise(errors):
    """What is told on standard error, without places and without the lines of tracebacks."""
    lines = []
    for line in errors.splitlines():
        if line and not line.startswith((" ", "\t", "Traceback", "task: ", "handle: ", "future: ")):
            line = re.sub(r"<(Task \w+) .*>", r"<\1>", line)
            lines.append(re.sub(r"^\S+\.py:\d+: ", "", line))
    return lines


CHILD = "the child is done"
OF_MAIN = ("main is cancelled", "main is done", "the wait is over", "the nested loop is over")


def sort_tasks(lines):
    """Two tasks that are cancelled together end in any order: the main task is put first."""
    lines = list(lines)
    if CHILD in lines:
        place = lines.index(CHILD)
        while lines[place + 1:place + 2] and lines[place + 1] in OF_MAIN:
            lines[place], lines[place + 1] = lines[place + 1], lines[place]
            place += 1
    return lines


def live(host, state, event):
    status, lines, errors = run_program("life.py", host, state, event)
    return [status, sort_tasks(lines), normalise(errors)]


@pytest.fixture(scope="module")
def table():
    table = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else {}
    yield table
    if os.environ.get("AIOGUEST_RECORD") == "1":
        rows = [f'  "{cell}": {json.dumps(row, ensure_ascii=False)}' for cell, row in sorted(table.items())]
        TABLE.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


@pytest.mark.parametrize("host", HOSTS if NIGHTLY else HOSTS[::2])
@pytest.mark.parametrize("state", STATES)
def test_life(table, host, state):
    found = {f"{host}, {state}, {event}": live(host, state, event) for event in get_events(host)}
    if os.environ.get("AIOGUEST_RECORD") == "1":
        table.update(found)
    assert {cell: table.get(cell) for cell in found} == found
