#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""aims.py DIRECTORY: say which aims of the coverage were reached; those that were not, into `missed`.

Reads what gcovr (c.json) and coverage.py (python.json, if any Python was run) have counted.
"""

import json
import pathlib
import sys

#: Percent.
AIMS = {"C lines": 95, "C branches": 85, "Python lines": 95}


def counted(directory):
    """How many of each were executed, and how many there are."""
    c = json.loads((directory / "c.json").read_text())
    yield "C lines", c["line_covered"], c["line_total"]
    yield "C branches", c["branch_covered"], c["branch_total"]
    python = directory / "python.json"
    totals = json.loads(python.read_text())["totals"] if python.exists() else {}
    yield "Python lines", totals.get("covered_lines", 0), totals.get("num_statements", 0)


def main(directory):
    missed = []
    for name, covered, total in counted(directory):
        # Not rounded: 94.96 % is less than 95 %.
        reached = total > 0 and 100 * covered >= AIMS[name] * total
        figure = f"{100 * covered / total:.2f} % ({covered} of {total})" if total else "none"
        line = f"coverage: {name}: {figure}, aim {AIMS[name]} %"
        print(line, "reached" if reached else "NOT reached")
        if not reached:
            missed.append(line + "\n")
    (directory / "missed").write_text("".join(missed))


main(pathlib.Path(sys.argv[1]))
