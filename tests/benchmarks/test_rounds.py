# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which systems take turns in which rounds, and how many rounds there are."""

import argparse
import io
import json
import types

import pytest

import benchmarking  # noqa: F401
import driver
import tracing
from cases import Aim, Case
from environments import PADDINGS, RAISED
from systems import BASELINE, OURS, SYSTEMS


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


def test_there_are_eight_environments():
    assert len(set(PADDINGS)) == 8


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
