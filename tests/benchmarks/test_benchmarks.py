# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmarks run, write what they should, and make a document of it."""

import argparse
import io
import json
import math
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import driver  # noqa: E402
import ratios  # noqa: E402
import results  # noqa: E402
import tables  # noqa: E402
from cases import Aim, Case, load_scenarios  # noqa: E402
from systems import BASELINE, NO_LOOP, OURS, SYSTEMS, find_system  # noqa: E402

SCENARIOS = load_scenarios()
MEASURED = (BASELINE, OURS)

FIELDS = {
    "scenario": str,
    "case": str,
    "figure": str,
    "system": str,
    "status": str,
    "unit": str,
    "repetition": int,
    "size": str,
    "load": float,
    "platform": str,
}


def run_driver(output, *options):
    arguments = [sys.executable, str(BENCHMARKS / "driver.py"), "--size", "tiny"]
    for system in MEASURED:
        arguments += ["--system", system]
    return subprocess.run(
        [*arguments, "--output", str(output), *options], capture_output=True, text=True
    )


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


# Every scenario


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario, tmp_path):
    """Each case comes to an end on asyncio and on AioGuest, and says so in JSON."""
    path = tmp_path / "platform.jsonl"
    done = run_driver(path, "--only", scenario)
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
    assert values and all(value > 0 for value in values.values())


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


# What becomes of a child


def child(tmp_path, monkeypatch, script, limit=300.0):
    """The driver's verdict on a child that runs *script* in the place of child.py."""
    (tmp_path / "child.py").write_text(script, encoding="utf-8")
    monkeypatch.setattr(driver, "HERE", tmp_path)
    arguments = argparse.Namespace(size="tiny", system=[], only=[])
    return driver.Driver(arguments, None).child(sys.executable, None, [], limit)


def test_child_succeeds(tmp_path, monkeypatch):
    script = "print('noise'); print('{\"values\": {\"\": 2.0}, \"cpu\": 0.5}')"
    result = child(tmp_path, monkeypatch, script)
    assert result == {"status": "ok", "values": {"": 2.0}, "cpu": 0.5}


def test_child_stalls(tmp_path, monkeypatch):
    script = "import signal; signal.pause()"
    result = child(tmp_path, monkeypatch, script, limit=0.5)
    assert result["status"] == "stalls"
    assert "0.5 s" in result["detail"]


def test_child_raises(tmp_path, monkeypatch):
    result = child(tmp_path, monkeypatch, "raise ValueError('of no use')")
    assert result == {"status": "crashes", "detail": "ValueError: of no use"}


def test_child_warns_after_it_has_raised(tmp_path, monkeypatch):
    script = "import sys; sys.exit('ValueError: of no use\\n<sys>:0: RuntimeWarning: more')"
    assert child(tmp_path, monkeypatch, script)["detail"] == "ValueError: of no use"


def test_child_is_killed_by_a_signal(tmp_path, monkeypatch):
    script = "import os, signal; os.kill(os.getpid(), signal.SIGABRT)"
    result = child(tmp_path, monkeypatch, script)
    assert result["status"] == "crashes"
    assert result["detail"].startswith(f"signal {signal.SIGABRT:d}")


def test_child_prints_nothing(tmp_path, monkeypatch):
    assert child(tmp_path, monkeypatch, "")["status"] == "crashes"


def test_child_has_a_reason(tmp_path, monkeypatch):
    script = "print('{\"unavailable\": \"no display\"}')"
    result = child(tmp_path, monkeypatch, script)
    assert result == {"status": "unavailable", "detail": "no display"}


# Rounds


class Rounds:
    """A driver over one case, whose children are not started."""

    def __init__(self, monkeypatch, results=lambda name: {}, most_rounds=0, **options):
        async def measure(host):
            pass

        self.done = []
        self.results = results
        case = Case("c", unit="1/s", measure=measure, **options)
        module = types.SimpleNamespace(CASES=[case])
        monkeypatch.setattr(driver, "load_scenarios", lambda: {"s": module})
        arguments = argparse.Namespace(
            size="tiny", only=[], rounds=5, peer_rounds=3, most_rounds=most_rounds, pythons={"default": ""},
            system=["asyncio", OURS, "uvloop"],
        )  # fmt: skip
        made = driver.Driver(arguments, io.StringIO())
        monkeypatch.setattr(made, "child", self.child)
        assert made.run()

    def child(self, python, system, arguments, limit):
        if arguments[0] == "--probe":
            return {"status": "ok", "version": "1"}
        self.done.append(system.name)
        return {"status": "ok", "values": {"": 1.0}} | self.results(system.name)

    def __getitem__(self, name):
        return self.done.count(name)


def test_systems_take_turns(monkeypatch):
    rounds = Rounds(monkeypatch)
    turn = ["asyncio", OURS, "uvloop"]
    assert rounds.done == turn * 3 + turn[:2] * 2


def test_no_time_for_more_rounds(monkeypatch):
    monkeypatch.setattr(driver, "BUDGET", -1)
    rounds = Rounds(monkeypatch)
    assert rounds["asyncio"] == rounds["uvloop"] == 2


def test_case_with_few_rounds(monkeypatch):
    rounds = Rounds(monkeypatch, rounds=2)
    assert rounds["asyncio"] == rounds["uvloop"] == 2


def test_what_has_stalled_twice_is_left_alone(monkeypatch):
    def results(name):
        return {"status": "stalls", "detail": ""} if name == "asyncio" else {}

    rounds = Rounds(monkeypatch, results)
    assert rounds["asyncio"] == 2
    assert rounds[OURS] == 5


def test_what_is_unavailable_is_left_alone(monkeypatch):
    rounds = Rounds(monkeypatch, lambda name: {"status": "unavailable", "detail": "why"})
    assert rounds["asyncio"] == 1


def test_hosts_only(monkeypatch):
    rounds = Rounds(monkeypatch, needs_host=True)
    assert rounds["asyncio"] == rounds["uvloop"] == 0
    assert rounds[OURS] == 5


# Rounds until the ratio is certain


def values(*ours):
    """What the children tell: asyncio always 1."""
    ours = iter(ours)
    return lambda name: {"values": {"": next(ours) if name == OURS else 1.0}}


RATIO = {"aim": Aim("ratio", ">=", 1.0), "most_rounds": 9}


def test_a_certain_ratio_needs_no_more_rounds(monkeypatch):
    rounds = Rounds(monkeypatch, values(1.2, 1.21, 1.19, 1.2, 1.2), **RATIO)
    assert rounds[OURS] == rounds[BASELINE] == 5


def test_an_uncertain_ratio_needs_more_rounds(monkeypatch):
    rounds = Rounds(monkeypatch, values(*[1.2] * 4, 1.33, *[1.2] * 9), **RATIO)
    assert rounds["uvloop"] == 3
    # After three rounds of all systems and two of these; the error of six ratios is 0.0215.
    assert rounds.done[13:] == [OURS, BASELINE, BASELINE, OURS]


def test_rounds_have_an_end(monkeypatch):
    rounds = Rounds(monkeypatch, values(*[1, 2, 4, 8] * 3), **RATIO)
    assert rounds[OURS] == rounds[BASELINE] == 9


def test_so_has_the_time_for_them(monkeypatch, capsys):
    monkeypatch.setattr(driver, "BUDGET_FOR_CERTAINTY", -1)
    rounds = Rounds(monkeypatch, values(*[1, 2, 4, 8] * 3), **RATIO)
    assert rounds[OURS] == 5
    assert "not certain for want of time: s/c" in capsys.readouterr().err


@pytest.mark.parametrize("aim", [None, Aim("value", ">=", 1.0)])
def test_only_ratios_with_an_aim_count(monkeypatch, aim):
    rounds = Rounds(monkeypatch, values(1, 2, 4, 8, 1), most_rounds=9, aim=aim)
    assert rounds[OURS] == 5


def test_what_asyncio_can_not_do_has_no_ratio(monkeypatch):
    def results(name):
        return {"status": "crashes", "detail": ""} if name == BASELINE else {}

    assert Rounds(monkeypatch, results, **RATIO)[OURS] == 5


def test_pairs_are_of_the_same_round():
    assert ratios.pair({1: 4.0, 2: 9.0, 3: 5.0}, {1: 2.0, 2: 3.0, 4: 1.0}) == [2.0, 3.0]


def test_error_of_a_ratio():
    assert ratios.error([1.0, 2.0]) == math.inf
    assert ratios.error([1.0, -2.0, 1.0]) == math.inf
    assert ratios.error([2.0] * 5) == 0.0
    # The standard deviation of the logarithms is 0.1.
    scattered = [math.exp(0.1 * x) for x in (-1, 0, 1)]
    assert ratios.error(scattered) == pytest.approx(0.1 * 1.2533 / math.sqrt(3), rel=1e-3)


# What becomes of the figures


def record(system, value, repetition=1, status="ok", **more):
    return {
        "scenario": "s", "case": "c", "figure": "", "system": system, "status": status,
        "value": value, "unit": "1/s", "repetition": repetition, "version": "", **more,
    }  # fmt: skip


def platform_of(*records):
    return results.Platform({"platform": "debian-13"}, list(records))


def case_of(**options):
    async def measure(host):
        pass

    return Case("c", unit="1/s", measure=measure, **options)


def test_medians_and_ratios():
    platform = platform_of(
        *(record("asyncio", value, n) for n, value in enumerate((10.0, 30.0, 20.0))),
        *(record(OURS, value, n) for n, value in enumerate((40.0, 45.0, 70.0))),
    )
    found = platform.summaries("s", "c", "")
    assert found["asyncio"].median == 20.0
    assert found[OURS].median == 45.0
    assert found[OURS].ratios == [4.0, 1.5, 3.5]
    assert found[OURS].ratio == 3.5
    assert platform.title == "Debian 13"


def test_a_system_that_only_fails_has_no_median():
    platform = platform_of(
        record("asyncio", 10.0),
        record("gbulb", None, status="stalls", detail="not done after 5 s"),
    )
    found = platform.summaries("s", "c", "")
    assert found["gbulb"].median is None
    assert found["gbulb"].failure == "stalls"
    notes = list(tables.failure_notes("s", case_of(), [platform]))
    assert notes == ["- Debian 13, gbulb stalls: `not done after 5 s`"]


@pytest.mark.parametrize(
    "aim, text",
    [
        (Aim("ratio", ">=", 2.0), "2.50: met"),
        (Aim("ratio", ">=", 3.0), "2.50: **not met**"),
        (Aim("value", "<=", 50.0), "50.0: met"),
        (Aim("value", "<=", 49.0), "50.0: **not met**"),
    ],
)
def test_aims(aim, text):
    platform = platform_of(record("asyncio", 20.0), record(OURS, 50.0))
    lines = list(tables.case_table("s", case_of(aim=aim), [platform]))
    assert lines[-2] == f"| *aim* | {aim}, {text} |"


def test_a_ratio_tells_its_error():
    rounds = range(1, 4)
    platform = platform_of(
        *(record("asyncio", 20.0, n) for n in rounds), *(record(OURS, 50.0 + n, n) for n in rounds)
    )
    lines = list(tables.case_table("s", case_of(aim=Aim("ratio", ">=", 2)), [platform]))
    assert lines[-2].endswith(" 2.60 ± 0.04: met |")


def test_share_of_the_bound():
    platform = platform_of(record("asyncio", 20.0), record("no loop", 25.0))
    (line,) = tables.bound_lines("s", case_of(), [platform])
    assert line.endswith("asyncio 80%")


@pytest.mark.parametrize(
    "value, unit, text",
    [
        (0, "1/s", "0"),
        (1234567, "1/s", "1.23 M"),
        (56789, "1/s", "56.8 k"),
        (789, "1/s", "789"),
        (1234.5, "µs", "1234"),
        (-815.2, "µs", "-815"),
        (0.123, "ms", "0.12"),
        (0.00123, "ms", "0.0012"),
    ],
)
def test_numbers(value, unit, text):
    assert tables.number(value, unit) == text


def test_document_of_two_platforms(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    first = folder / "a.jsonl"
    done = run_driver(first, "--only", "iterations")
    assert done.returncode == 0, done.stderr
    lines = read_lines(first)
    lines[0]["machine"]["platform"] = "other-1"
    with open(folder / "b.jsonl", "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
    document = tmp_path / "docs" / "performance.md"
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "report.py"), "--results", str(folder)]
        + ["--document", str(document)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    text = document.read_text(encoding="utf-8")
    assert "### loop iterations" in text
    assert "Other 1 [1/s]" in text
    for name in MEASURED:
        assert find_system(name).label in text
    picture = document.parent / "performance" / "iterations.svg"
    # Without matplotlib there are no pictures, and no links to them.
    assert picture.exists() == (f"({picture.parent.name}/{picture.name})" in text)


def test_no_results(tmp_path):
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "report.py"), "--results", str(tmp_path)]
        + ["--document", str(tmp_path / "performance.md")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "no results" in done.stderr
