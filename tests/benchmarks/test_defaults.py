# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sweep over slices and periods runs, and makes a table of what it finds."""

import subprocess
import sys
from pathlib import Path

DEFAULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "defaults.py"


def test_sweep(tmp_path):
    document = tmp_path / "table.md"
    done = subprocess.run(
        [sys.executable, str(DEFAULTS), "--pairs", "1/5,20/40", "--seconds", "0.1"]
        + ["--rounds", "1", "--output", str(document)],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    head, rule, *rows, blank, machine = document.read_text(encoding="utf-8").splitlines()
    width = head.count("|")
    assert rule.count("|") == width
    assert [row.split("|")[1:3] for row in rows] == [[" 1 ms ", " 5 ms "], [" 20 ms ", " 40 ms "]]
    assert all(row.count("|") == width for row in rows)
    assert blank == ""
    assert "GLib" in machine


def test_the_settings_reach_the_run():
    """The defaults that are varied are those of the library."""
    code = (
        "import math, sys; sys.path.insert(0, sys.argv[1])\n"
        "import gi; gi.require_version('AioGuest', '1.0')\n"
        "from gi.repository import AioGuest\n"
        "import defaults\n"
        "async def main():\n"
        "    run = AioGuest.get_run()\n"
        "    assert run.props.slice == defaults.DEFAULT_SLICE * 1000\n"
        "    assert run.props.period == defaults.DEFAULT_PERIOD * 1000\n"
        "    figures = await defaults.measure(7, 30, 0.02)\n"
        "    assert (run.props.slice, run.props.period) == (7000, 30000)\n"
        "    assert math.isfinite(figures['share'])\n"
        "AioGuest.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(DEFAULTS.parent)], capture_output=True, text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
