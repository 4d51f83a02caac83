# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a main task as a table: what follows from an event in a state, as a file in `data/` has it.

With AIOGUEST_RECORD=1 and AIOGUEST_NIGHTLY=1 such a file is recorded anew. Read the difference before it is committed:
each line of it is a change of what users see.
"""

import json
import os
import pathlib
import re

from program import run_program

DIRECTORY = pathlib.Path(__file__).parents[1] / "data"

STATES = ["begun", "running", "in a step", "nested", "waiting", "draining", "last round"]


def normalise(errors):
    """What is told on standard error, without places and without the lines of tracebacks.

    Nor is what other libraries warn of: it differs between their versions.
    """
    lines = []
    for line in errors.splitlines():
        if not line or line.startswith((" ", "\t", "Traceback", "task: ", "handle: ", "future: ")):
            continue
        if re.match(r"\(.*:\d+\): (?!AioGuest)[\w-]+-(WARNING|Message) \*\*: ", line):
            continue
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


def live(host, state, event, **options):
    status, lines, errors = run_program("life.py", host, state, event, **options)
    return [status, sort_tasks(lines), normalise(errors)]


class Table:
    """The table in a file of `data/`."""

    def __init__(self, name):
        self._path = DIRECTORY / name
        self._is_recorded = os.environ.get("AIOGUEST_RECORD") == "1"
        self._rows = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
        self._found = {}

    def get_rows(self, found):
        """What the table has of the cells that were *found*."""
        if self._is_recorded:
            # A cell that is found more than once is the same each time.
            self._found = found | self._found
            self._rows.update(self._found)
        return {cell: self._rows.get(cell) for cell in found}

    def save(self):
        if self._is_recorded:
            rows = [f'  "{cell}": {json.dumps(row, ensure_ascii=False)}' for cell, row in sorted(self._rows.items())]
            self._path.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
