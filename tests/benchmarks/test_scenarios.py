# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every scenario runs, and writes what it should."""

import json
import math
import subprocess
import sys

import pytest

from benchmarking import BENCHMARKS, MEASURED, SCENARIOS, read_lines, run_driver
from systems import NO_LOOP, OURS, SYSTEMS, find_system

FIELDS = {
    "scenario": str,
    "case": str,
    "figure": str,
    "system": str,
    "status": str,
    "unit": str,
    "variant": str,
    "padding": int,
    "repetition": int,
    "size": str,
    "load": float,
    "platform": str,
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario, tmp_path):
    """Each case comes to an end on asyncio and on AioGuest, and says so in JSON."""
    path = tmp_path / "platform.jsonl"
    done = run_driver(path, "--only", scenario, "--unprobed")
    assert done.returncode == 0, done.stderr
    machine, *records = read_lines(path)
    assert machine["machine"]["size"] == "tiny"
    records = [record for record in records if record["scenario"] == scenario]
    for record in records:
        for field, kind in FIELDS.items():
            assert isinstance(record[field], kind), (field, record)
        # On a machine without what a case needs it can't be run.
        assert record["status"] in ("ok", "unavailable"), record
        if record["status"] == "ok":
            assert math.isfinite(record["value"]), record
            system = find_system(record["system"]) if record["system"] != "no loop" else None
            assert record["tick"] == (system.tick if system else None)
            assert record["poll_mode"] == (system.poll_mode if system else None)
        else:
            assert record["detail"], record
    measured = {(record["case"], record["system"]) for record in records}
    for case in SCENARIOS[scenario].CASES:
        for name in MEASURED:
            if case.systems is not None and name not in case.systems:
                continue
            if case.needs_host and not find_system(name).is_guest:
                continue
            assert (case.name, name) in measured


@pytest.mark.parametrize(
    "scenario, case",
    [
        (scenario, case)
        for scenario, module in SCENARIOS.items()
        for case in module.CASES
        if case.no_loop is not None
    ],
)
def test_bounds(scenario, case):
    arguments = [NO_LOOP, scenario, case.name, json.dumps(case.parameters_for("tiny"))]
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "child.py"), *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout.splitlines()[-1])["values"]
    assert values and all(value >= 0 for value in values.values())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_declarations(scenario):
    """What the report needs of each case."""
    module = SCENARIOS[scenario]
    assert module.__doc__
    names = [case.name for case in module.CASES]
    assert len(set(names)) == len(names)
    known = {system.name for system in SYSTEMS}
    for case in module.CASES:
        assert set(case.systems or ()) <= known
        assert set(case.quick) | set(case.tiny) <= set(case.parameters), case.name
        assert not isinstance(case.unit, dict) or all(case.unit.values())


def test_names_are_told_apart():
    """Results are found again by the names of scenario and case."""
    assert len({system.name for system in SYSTEMS}) == len(SYSTEMS)
    assert OURS in {system.name for system in SYSTEMS if system.is_ours}


def test_nothing_of_that_name(tmp_path):
    done = run_driver(tmp_path / "platform.jsonl", "--only", "no such scenario")
    assert done.returncode == 2
    assert "nothing of that name" in done.stderr
