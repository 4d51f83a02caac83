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
import headlines  # noqa: E402
import ratios  # noqa: E402
import report  # noqa: E402
import results  # noqa: E402
import tables  # noqa: E402
import tracing  # noqa: E402
from cases import Aim, Case, load_scenarios  # noqa: E402
from environments import DEFAULTS, PADDINGS, RAISED, variables  # noqa: E402
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
    "variant": str,
    "padding": int,
    "repetition": int,
    "size": str,
    "load": float,
    "platform": str,
}


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


# Every scenario


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


# What becomes of a child


def child(tmp_path, monkeypatch, script, limit=300.0, environment=None):
    """The driver's verdict on a child that runs *script* in the place of child.py."""
    (tmp_path / "child.py").write_text(script, encoding="utf-8")
    monkeypatch.setattr(driver, "HERE", tmp_path)
    arguments = argparse.Namespace(size="tiny", system=[], only=[], bytecode=None)
    return driver.Driver(arguments, None).child(sys.executable, None, [], limit, environment or {})


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


def test_child_is_one_of_a_variant_and_an_environment(tmp_path, monkeypatch):
    script = (
        "import json, os\n"
        "size = len(os.environ['AIOGUEST_BENCHMARK_PADDING'])\n"
        "raised = 'MALLOC_MMAP_THRESHOLD_' in os.environ\n"
        "print(json.dumps({'values': {'size': size, 'raised': raised}}))\n"
    )
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_", raising=False)
    for number, padding in enumerate((*PADDINGS, PADDINGS[0]), 1):
        for variant in DEFAULTS, RAISED:
            result = child(tmp_path, monkeypatch, script, environment=variables(variant, number))
            assert result["values"] == {"size": padding, "raised": variant == RAISED}


def test_there_are_eight_environments():
    assert len(set(PADDINGS)) == 8


# Rounds


class Rounds:
    """A driver over one case, whose children are not started."""

    SYSTEMS = ["asyncio", OURS, "trio", "uvloop"]

    def __init__(self, monkeypatch, results=lambda name: {}, most_rounds=0, traced=0, **options):
        async def measure(host):
            pass

        self.done = []
        #: Variables of malloc, size of the padding, and whether it is traced.
        self.how = []
        self.results = results
        case = Case("c", unit="1/s", measure=measure, trio=measure, **options)
        module = types.SimpleNamespace(CASES=[case])
        monkeypatch.setattr(driver, "load_scenarios", lambda: {"s": module})
        rounds = driver.Rounds(reading=8, other=5, peers=3, raised=2, traced=traced, most=most_rounds)
        arguments = argparse.Namespace(
            size="tiny", only=[], rounds=rounds, pythons={"default": ""}, system=self.SYSTEMS,
            unprobed=False,
        )  # fmt: skip
        output = io.StringIO()
        made = driver.Driver(arguments, output)
        monkeypatch.setattr(made, "child", self.child)
        assert made.run()
        machine, *self.records = map(json.loads, output.getvalue().splitlines())
        self.machine = machine["machine"]

    def child(self, python, system, arguments, limit, variables, prefix=()):
        if arguments[0] == "--probe":
            return {"status": "ok", "version": "1"}
        self.done.append(system.name)
        padding = len(variables["AIOGUEST_BENCHMARK_PADDING"])
        self.how.append(("MALLOC_MMAP_THRESHOLD_" in variables, padding, bool(prefix)))
        return {"status": "ok", "values": {"": 1.0}} | self.results(system.name)

    def __getitem__(self, name):
        return self.done.count(name)


def test_systems_take_turns(monkeypatch):
    rounds = Rounds(monkeypatch)
    turn = ["asyncio", OURS, "trio", "uvloop"]
    # In the order of the report.
    turn.sort(key=[system.name for system in SYSTEMS].index)
    core = [name for name in turn if name != "trio"]
    assert rounds.done == turn * 3 + core * 2
    assert [how[1] for how in rounds.how[::4][:3]] == list(PADDINGS[:3])
    assert not any(raised or traced for raised, _, traced in rounds.how)


def test_what_reads_is_measured_in_all_environments_and_with_raised_thresholds(monkeypatch):
    rounds = Rounds(monkeypatch, reads=True)
    core = ["asyncio", OURS, "uvloop"]
    assert rounds["trio"] == 3
    assert rounds.done[-6:] == core * 2
    ours = [how for name, how in zip(rounds.done, rounds.how) if name == OURS]
    assert ours == [
        *((False, padding, False) for padding in PADDINGS),
        *((True, padding, False) for padding in PADDINGS[:2]),
    ]


def test_system_calls_are_counted_in_runs_of_their_own(monkeypatch):
    monkeypatch.setattr(tracing, "why_not", lambda: "")
    monkeypatch.setattr(tracing, "count", lambda log: {"calls": 3.0, "maps": 0.0})
    rounds = Rounds(monkeypatch, reads=True, traced=2)
    traced = [(name, how[1]) for name, how in zip(rounds.done, rounds.how) if how[2]]
    first, second = PADDINGS[:2]
    assert traced == [("asyncio", first), (OURS, first), ("uvloop", first), (OURS, second)]
    counts = [r for r in rounds.records if r["figure"] == "calls"]
    assert [r["value"] for r in counts] == [3.0] * 4
    # Of these runs nothing else is kept.
    assert len(rounds.records) == len(rounds.done) + 4


def test_without_strace_no_system_calls_are_counted(monkeypatch, capsys):
    monkeypatch.setattr(tracing, "why_not", lambda: "no strace")
    rounds = Rounds(monkeypatch, reads=True, traced=2)
    assert not any(traced for _, _, traced in rounds.how)
    assert rounds.machine["untraced"] == "no strace"
    assert "skipped: system calls: no strace" in capsys.readouterr().err


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


RATIO = {"aim": Aim("ratio", ">=", 1.0), "most_rounds": 12}


def test_a_certain_ratio_needs_no_more_rounds(monkeypatch):
    rounds = Rounds(monkeypatch, values(1.2, 1.21, 1.19, 1.2, 1.2), **RATIO)
    assert rounds[OURS] == rounds[BASELINE] == 5


def test_an_uncertain_ratio_needs_more_rounds(monkeypatch):
    rounds = Rounds(monkeypatch, values(*[1.2] * 4, 1.33, *[1.2] * 9), **RATIO)
    assert rounds["trio"] == 3
    assert rounds["uvloop"] == 5
    # The error of six ratios is 0.0215. Rounds for certainty come after the usual ones of all cases.
    assert rounds.done[18:] == [OURS, BASELINE, BASELINE, OURS]


def test_rounds_have_an_end(monkeypatch):
    rounds = Rounds(monkeypatch, values(*[1, 2, 4, 8] * 3), **RATIO)
    # Five, and those from 9 to 12.
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


def test_rounds_of_the_system_that_an_aim_relates_to(monkeypatch):
    aim = Aim("ratio", ">=", 1.0, to="uvloop")
    rounds = Rounds(monkeypatch, values(*[1, 2, 4, 8] * 3), most_rounds=12, aim=aim)
    assert (rounds[OURS], rounds["uvloop"], rounds[BASELINE]) == (9, 9, 5)


def test_rounds_of_the_variant_that_an_aim_is_for(monkeypatch):
    aim = Aim("ratio", ">=", 1.0, variant=RAISED)
    rounds = Rounds(
        monkeypatch, values(*[1, 2, 4, 8] * 4), most_rounds=12, aim=aim, reads=True
    )
    raised = [name for name, how in zip(rounds.done, rounds.how) if how[0]]
    assert raised.count(OURS) == raised.count(BASELINE) == 2 + 4
    assert len(rounds.done) - len(raised) == 3 * 8 + 3


def test_rounds_for_the_worst_environment(monkeypatch):
    """Each environment is measured three times."""
    rounds = Rounds(monkeypatch, most_rounds=32, aim=Aim("spread", ">=", 0.85), reads=True)
    found = [how[1] for name, how in zip(rounds.done, rounds.how) if name == OURS and not how[0]]
    assert found == [*PADDINGS] * 3
    assert rounds[BASELINE] == 8 + 2


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
        "value": value, "unit": "1/s", "repetition": repetition, "version": "",
        "variant": DEFAULTS, "padding": repetition, **more,
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


def cells(case, *records):
    """The rows of the aims of a case."""
    scenarios = {"s": types.SimpleNamespace(CASES=[case])}
    return [row for row, _ in tables.aim_rows(scenarios, [platform_of(*records)])]


@pytest.mark.parametrize(
    "aim, text, result",
    [
        (Aim("ratio", ">=", 2.0), "≥ 2 × asyncio", "2.50: met"),
        (Aim("ratio", ">=", 3.0), "≥ 3 × asyncio", "2.50: **not met**"),
        (Aim("ratio", ">=", 0.9, to="uvloop"), "≥ 0.9 × uvloop", "0.50: **not met**"),
        (Aim("ratio", ">=", 0.9, to=NO_LOOP), "≥ 0.9 × no loop", "no result"),
        (Aim("ratio", ">=", 0.9, variant=RAISED), "≥ 0.9 × asyncio, raised thresholds", "3.00: met"),
        (Aim("value", "<=", 50.0), "≤ 50 1/s", "50.0: met"),
        (Aim("value", "<=", 49.0), "≤ 49 1/s", "50.0: **not met**"),
        (Aim("value", "<", 50.0), "< 50 1/s", "50.0: **not met**"),
        (Aim("spread", ">=", 0.85), "≥ 0.85 of the best environment", "no result"),
    ],
)
def test_aims(aim, text, result):
    found = cells(
        case_of(aim=aim), record("asyncio", 20.0), record(OURS, 50.0), record("uvloop", 100.0),
        record("asyncio", 20.0, variant=RAISED), record(OURS, 60.0, variant=RAISED),
    )  # fmt: skip
    assert found == [["c", text, result]]


def test_no_aim_of_another_kind():
    with pytest.raises(ValueError, match="median"):
        Aim("median", ">=", 1.0)


def test_several_aims_for_one_figure():
    aims = Aim("ratio", ">=", 2.0), Aim("value", ">=", 60.0)
    found = cells(case_of(aim=aims), record("asyncio", 20.0), record(OURS, 50.0))
    assert [row[2] for row in found] == ["2.50: met", "50.0: **not met**"]


@pytest.mark.parametrize("better, worst", [("higher", 10.0), ("lower", 20.0)])
def test_the_worst_environment(better, worst):
    """Of medians of three, not of single rounds."""
    by_environment = {0: (10.0, 10.0, 1.0), 300: (20.0, 20.0, 99.0), 1100: (15.0, 15.0, 15.0)}
    records = [
        record(OURS, value, 10 * number + padding, padding=padding)
        for padding, found in by_environment.items()
        for number, value in enumerate(found)
    ]
    aims = Aim("worst", ">=", 1.0), Aim("spread", ">=", 0.85)
    case = case_of(aim=aims, better=better, reads=True)
    rows = cells(case, *records)
    assert rows[0][1:] == ["≥ 1 1/s in the worst environment", f"{worst}: met"]
    assert rows[1][2] == "0.50: **not met**"
    (line,) = tables.spread_lines("s", case, [platform_of(*records)])
    assert line.endswith(f"{OURS} 50%")


def test_gains_tell_the_least_of_all_environments():
    scenario, name, figure = headlines.GAINS[0]
    paddings = PADDINGS[:3]
    records = [
        record(system, value, n, padding=paddings[n - 1], scenario=scenario, case=name, figure=figure)
        for system, values in {
            "asyncio": (10.0, 10.0, 20.0), "uvloop": (10.0, 20.0, 40.0), OURS: (20.0, 20.0, 20.0),
        }.items()
        for n, value in enumerate(values, 1)
    ]  # fmt: skip
    lines = list(headlines.gains_table(SCENARIOS, [platform_of(*records)]))
    assert lines[2:] == [f"| {name} | **2.00** (1.00) | **1.00** (0.50) | 1.00 |", ""]


def test_headlines_are_of_cases_that_there_are():
    rows = [*headlines.GAINS, *(row[1:] for row in headlines.VALUES)]
    for scenario, name, figure in [*rows, *(row[2:] for row in headlines.BRIDGES)]:
        (case,) = (case for case in SCENARIOS[scenario].CASES if case.name == name)
        assert case.unit_of(figure)


def test_a_ratio_tells_its_error():
    rounds = range(1, 4)
    found = cells(
        case_of(aim=Aim("ratio", ">=", 2)),
        *(record("asyncio", 20.0, n) for n in rounds),
        *(record(OURS, 50.0 + n, n) for n in rounds),
    )
    assert found[0][2] == "2.60 ± 0.04: met"


def test_variants_are_not_mixed():
    platform = platform_of(
        record(OURS, 50.0), record(OURS, 70.0, variant=RAISED), record("asyncio", 1.0, variant=RAISED)
    )
    assert platform.summaries("s", "c", "")[OURS].values == [50.0]
    assert platform.summaries("s", "c", "", RAISED)[OURS].ratio == 70.0
    lines = list(tables.case_tables("s", case_of(), [platform]))
    assert lines.index("With raised thresholds:") > lines.index(
        "| **AioGuest**, native tick, direct | 50.0 |"
    )


def test_share_of_the_bound():
    platform = platform_of(record("asyncio", 20.0), record("no loop", 25.0))
    (line,) = tables.bound_lines("s", case_of(), [platform])
    assert line.endswith("asyncio 80%")


# System calls


def test_calls_between_the_marks_are_counted():
    log = """\
mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f
access("/aioguest-benchmark/begin", F_OK) = -1 ENOENT (No such file or directory)
recv(4, "", 4, 0) = 4
faccessat2(AT_FDCWD, "/aioguest-benchmark/begin", F_OK, 0) = -1 ENOENT (No such file or directory)
recvfrom(4, "x", 262144, 0, NULL, NULL) = 1
mmap(NULL, 266240, PROT_READ, MAP_PRIVATE, -1, 0) = 0x7f
munmap(0x7f, 266240)                    = 0
epoll_wait(3, [], 2, 0)                 = 0
access("/aioguest-benchmark/end", F_OK) = -1 ENOENT (No such file or directory)
brk(NULL) = 0x55
access("/aioguest-benchmark/operations/2", F_OK) = -1 ENOENT (No such file or directory)
"""
    assert tracing.count(log.splitlines(True)) == {"calls": 2.0, "maps": 1.0}


def test_nothing_is_counted_without_marks():
    assert tracing.count(["brk(NULL) = 0x55\n"]) is None


def test_a_run_of_every_kind(tmp_path):
    """With raised thresholds, and under strace where that can be had."""
    path = tmp_path / "platform.jsonl"
    options = ["--only", "udp", "--raised-rounds", "1", "--traced-rounds", "1"]
    done = run_driver(path, *options, systems=[OURS])
    assert done.returncode == 0, done.stderr
    machine, *records = read_lines(path)
    found = [(r["variant"], r["figure"]) for r in records]
    counts = [(DEFAULTS, "calls"), (DEFAULTS, "maps")]
    if machine["machine"]["untraced"]:
        counts = []
    assert found == [
        (DEFAULTS, "rate"), (DEFAULTS, "faults"), (RAISED, "rate"), (RAISED, "faults"), *counts
    ]  # fmt: skip
    assert all(r["value"] > 0 for r in records if r["figure"] == "calls")


# The document


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


def make_report(folder, document, *options):
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / "report.py"), "--results", str(folder)]
        + ["--document", str(document), *options],
        capture_output=True,
        text=True,
    )


def write_lines(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")


def test_document_of_two_platforms(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    first = folder / "a.jsonl"
    done = run_driver(first, "--only", "iterations")
    assert done.returncode == 0, done.stderr
    lines = read_lines(first)
    lines[0]["machine"]["platform"] = "other-1"
    write_lines(folder / "b.jsonl", lines)
    document = tmp_path / "docs" / "performance.md"
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    done = make_report(folder, document, "--readme", str(readme))
    assert done.returncode == 0, done.stderr
    text = document.read_text(encoding="utf-8")
    head, _, details = text.partition("## Details")
    assert "| loop iterations | **" in head
    assert "### loop iterations" in details
    assert "Other 1 [1/s]" in details
    assert text.count("<details>") == text.count("</details>") == 4
    for name in MEASURED:
        assert find_system(name).label in details
    picture = document.parent / "performance" / "iterations.svg"
    # Without matplotlib there are no pictures, and no links to them.
    assert picture.exists() == (f"({picture.parent.name}/{picture.name})" in text)
    told = readme.read_text(encoding="utf-8")
    assert told.startswith("before\n") and told.endswith("\nafter\n")
    assert "old" not in told
    assert "| iterations of the loop | " in told


def test_no_results(tmp_path):
    done = make_report(tmp_path, tmp_path / "performance.md")
    assert done.returncode == 1
    assert "no results" in done.stderr


def test_results_of_an_older_format(tmp_path):
    """They are not mixed with others, and the report says so."""
    write_lines(tmp_path / "old.jsonl", [{"machine": {"platform": "debian-13"}}, record(OURS, 1.0)])
    document = tmp_path / "performance.md"
    done = make_report(tmp_path, document)
    assert done.returncode == 1
    assert "old.jsonl: results of format 1, not 2" in done.stderr
    assert not document.exists()


def test_readme_without_a_place(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("nothing\n", encoding="utf-8")
    assert not report.write_readme(readme, SCENARIOS, platform_of(record(OURS, 1.0)))


def test_readme_has_a_place():
    text = (BENCHMARKS.parent / "README.md").read_text(encoding="utf-8")
    assert text.index(report.BEGIN) < text.index(report.END)
