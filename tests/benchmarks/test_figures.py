# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Medians, ratios and aims: what becomes of the figures."""

import math
import types

import pytest

from benchmarking import SCENARIOS, case_of, platform_of, record
import headlines
import ratios
import tables
from cases import Aim
from environments import PADDINGS, RAISED
from systems import NO_LOOP, OURS


def test_pairs_are_of_the_same_round():
    assert ratios.pair({1: 4.0, 2: 9.0, 3: 5.0}, {1: 2.0, 2: 3.0, 4: 1.0}) == [2.0, 3.0]


def test_error_of_a_ratio():
    assert ratios.error([1.0, 2.0]) == math.inf
    assert ratios.error([1.0, -2.0, 1.0]) == math.inf
    assert ratios.error([2.0] * 5) == 0.0
    # The standard deviation of the logarithms is 0.1.
    scattered = [math.exp(0.1 * x) for x in (-1, 0, 1)]
    assert ratios.error(scattered) == pytest.approx(0.1 * 1.2533 / math.sqrt(3), rel=1e-3)


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
