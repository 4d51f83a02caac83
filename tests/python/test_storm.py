# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Storms of everything at once, each decided by a seed.

AIOGUEST_STORM_SEED says which is the first, AIOGUEST_STORM_RUNS how many there are, and
AIOGUEST_STORM_STEPS how many steps each has.
"""

import os
import random

from storm import footprint
from storm.plan import make_plan
from storm.runs import Storm
from storm.samples import judge
from storm.soak import soak

import support

SEED = int(os.environ.get("AIOGUEST_STORM_SEED", "0")) or random.randrange(1, 2**32)
RUNS = int(os.environ.get("AIOGUEST_STORM_RUNS", "10"))
STEPS = int(os.environ.get("AIOGUEST_STORM_STEPS", "200"))


def storm(seed, steps=STEPS):
    """One run; what went wrong, with what is needed to see it again."""
    plan = make_plan(seed, steps)
    mark = support.source_mark()
    problems = Storm(plan).run()
    left = footprint.sources(mark)
    if left:
        problems.append(f"{left} sources are left attached")
    assert not problems, (
        f"AIOGUEST_STORM_SEED={seed} AIOGUEST_STORM_RUNS=1 AIOGUEST_STORM_STEPS={steps}\n"
        f"{plan.host}, {plan.loop}, {plan.poll_mode}, debug {plan.debug}\n" + "\n".join(problems)
    )


def test_a_seed_decides_all():
    assert make_plan(SEED, STEPS) == make_plan(SEED, STEPS)
    assert make_plan(SEED, STEPS) != make_plan(SEED + 1, STEPS)


def test_storms(record_property):
    record_property("seed", SEED)
    for seed in range(SEED, SEED + RUNS):
        storm(seed)


def test_soak():
    """A short one: samples in and between its runs."""
    written = []
    samples, problems = soak(2.5, SEED, written.append, run_seconds=1.2)
    assert problems == []
    assert written == samples
    assert samples[-1]["seed"] > SEED
    assert any(not sample["running"] for sample in samples)


def test_growth_is_told():
    samples = [
        {"seconds": second, "running": False, "resident": 10**8 + 3000 * second}
        | dict.fromkeys(["descriptors", "threads", "tasks", "sources"], 3)
        for second in range(100)
    ]
    assert len(judge(samples)) == 1
    for sample in samples:
        sample["resident"] = 10**8 - sample["seconds"]
    assert judge(samples) == []
    samples[-1]["descriptors"] += 1
    assert len(judge(samples)) == 1


def test_nothing_is_left():
    storm(SEED)
    *before, objects = footprint.take()
    counts = [objects]
    while len(counts) < 20:
        storm(SEED)
        *rest, objects = footprint.take()
        assert rest == before
        counts.append(objects)
        # Caches of all kinds come to an end; a leak grows each time.
        if counts[-1] <= counts[-2]:
            return
    raise AssertionError(f"ever more objects: {counts}")
