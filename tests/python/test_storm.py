# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Storms of everything at once, each decided by a seed.

AIOGUEST_STORM_SEED says which is the first, AIOGUEST_STORM_RUNS how many there are, and
AIOGUEST_STORM_STEPS how many steps each has.
"""

import dataclasses
import gc
import logging
import os
import random

import pytest
from gi.repository import GLib
from storm import footprint
from storm.endings import ENDINGS
from storm.operations import OPERATIONS
from storm.plan import RunPlan, make_plan, make_step
from storm.runs import Storm
from storm.samples import judge
from storm.soak import soak

import support

SEED = int(os.environ.get("AIOGUEST_STORM_SEED", "0")) or random.randrange(1, 2**32)
RUNS = int(os.environ.get("AIOGUEST_STORM_RUNS", "10"))
STEPS = int(os.environ.get("AIOGUEST_STORM_STEPS", "200"))

CALM = RunPlan("run", "EventLoop", "direct", False, 0, 1000, [], "return", 0)


#: Names of the sources that steps attach.
HOSTS_OWN = {None, "GIdleSource", "GTimeoutSource", "GIOChannel (Unix)", "GUnixSignalSource"}


def left_of(plan):
    """What is wrong with a run of *plan*, and what it leaves behind."""
    mark = support.source_mark()
    before = footprint.take()
    problems = Storm(plan).run()
    left = footprint.sources(mark)
    names = [source.get_name() for source in left]
    if plan.ending != "return":
        # Those of the host, in the midst of the storm, are not the run's to remove.
        names = [name for name in names if name and name.startswith("[aioguest]")]
        for source in left:
            if source.get_name() in HOSTS_OWN:
                source.destroy()
        # What Gio has to tell of operations that were begun in the last moment, lest all that waits
        # for it is kept for ever.
        while support.GLib.MainContext.default().iteration(False):
            pass
        for source in left:
            source.destroy()
    if names:
        problems.append(f"sources are left attached: {names}")
    after = footprint.take()
    if before != after:
        problems.append(f"descriptors and threads: {before} before, {after} after")
    return problems


@pytest.fixture(autouse=True, scope="module")
def warm():
    """What a process makes once and keeps: descriptors of the main context and for signals."""
    # Debug mode tells of every slow callback, and pytest keeps what it is told.
    logger = logging.getLogger("asyncio")
    level = logger.level
    logger.setLevel(logging.ERROR)
    Storm(CALM).run()
    # What is there already is not to be looked at by each collection.
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    logger.setLevel(level)


def storm(seed, steps=STEPS):
    """One run; what went wrong, with what is needed to see it again."""
    plan = make_plan(seed, steps)
    problems = left_of(plan)
    assert not problems, (
        f"AIOGUEST_STORM_SEED={seed} AIOGUEST_STORM_RUNS=1 AIOGUEST_STORM_STEPS={steps}\n"
        f"{plan}\n" + "\n".join(problems)
    )


def test_a_seed_decides_all():
    assert make_plan(SEED, STEPS) == make_plan(SEED, STEPS)
    assert make_plan(SEED, STEPS) != make_plan(SEED + 1, STEPS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_holds_tickets_to_its_end(name):
    """The run ends in the turn in which nothing is outstanding any more, before a source of the host's
    that is less urgent has another: so each has its ticket until it is gone. Always the same draws."""
    choice = random.Random(name)
    for _ in range(8):
        step = dataclasses.replace(make_step(choice, name), site="here", pause=None)
        if "priority" in step.arguments:
            step.arguments["priority"] = GLib.PRIORITY_LOW
        plan = dataclasses.replace(CALM, gusts=[[[step]]])
        assert left_of(plan) == [], step


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name, record_property):
    """One at a time, anywhere, in any kind of run."""
    record_property("seed", SEED)
    choice = random.Random(SEED)
    for _ in range(8):
        step = make_step(choice, name)
        plan = dataclasses.replace(make_plan(choice.random(), 0), gusts=[[[step]]], ending="return")
        assert left_of(plan) == [], f"{step}, {plan}"


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_when_the_run_ends(name, record_property):
    """Many of one, in the midst of which the run comes to its end."""
    record_property("seed", SEED)
    choice = random.Random(SEED)
    for _ in range(8):
        gust = [[make_step(choice, name) for _ in range(5)] for _ in range(4)]
        ending = choice.choice([ending for ending in ENDINGS if ending != "return"])
        plan = dataclasses.replace(make_plan(choice.random(), 0), gusts=[gust], ending=ending)
        assert left_of(plan) == [], f"{gust}, {plan}"


def test_storms(record_property):
    record_property("seed", SEED)
    for seed in range(SEED, SEED + RUNS):
        storm(seed)


def test_soak():
    """A short one: samples in and between its runs."""
    written = []
    assert soak(2.5, SEED, written.append, run_seconds=1.2) == []
    assert written[-1]["seed"] > SEED
    assert any(not sample["running"] for sample in written)


def test_growth_is_told():
    samples = [
        {"seconds": second, "running": False, "resident": 10**8, "allocated": 10**8 + 300 * second}
        | dict.fromkeys(["descriptors", "threads", "tasks", "sources"], 3)
        for second in range(100)
    ]
    assert len(judge(samples)) == 1
    for sample in samples:
        sample["allocated"] = 10**8 - sample["seconds"]
    assert judge(samples) == []
    samples[-1]["descriptors"] += 1
    assert len(judge(samples)) == 1


def test_no_object_is_left():
    counts = []
    while len(counts) < 20:
        storm(SEED)
        counts.append(len(gc.get_objects()))
        # Caches of all kinds come to an end; a leak grows each time.
        if len(counts) > 1 and counts[-1] <= counts[-2]:
            return
    raise AssertionError(f"ever more objects: {counts}")
