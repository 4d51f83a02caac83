# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the benchmarks share; importing it makes the modules of benchmarks/ importable."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import results  # noqa: E402
from cases import Case, load_scenarios  # noqa: E402
from environments import DEFAULTS  # noqa: E402
from systems import BASELINE, OURS  # noqa: E402

SCENARIOS = load_scenarios()
MEASURED = (BASELINE, OURS)


def run_driver(output, *options, systems=MEASURED):
    arguments = [sys.executable, str(BENCHMARKS / "driver.py"), "--size", "tiny"]
    for system in systems:
        arguments += ["--system", system]
    return subprocess.run(
        [*arguments, "--output", str(output), *options], capture_output=True, text=True
    )


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def record(system, value, repetition=1, status="ok", **more):
    return {
        "scenario": "s", "case": "c", "figure": "", "system": system, "status": status,
        "value": value, "unit": "1/s", "repetition": repetition, "version": "",
        "variant": DEFAULTS, "padding": repetition, **more,
    }  # fmt: skip


def platform_of(*records):
    return results.Platform({"platform": "debian-13"}, list(records))


def case_of(**options):
    async def measure(host):
        pass

    return Case("c", unit="1/s", measure=measure, **options)
