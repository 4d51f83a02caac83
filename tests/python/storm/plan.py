# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a storm will do, decided by its seed alone."""

import dataclasses
import random

from . import callbacks, descriptors, hosts, nestings, settings, signals, tasks, threads  # noqa: F401
from .operations import OPERATIONS, host_priority

#: Where a step is done.
SITES = ["here", "here", "soon", "timer", "idle", "timeout", "task"]


@dataclasses.dataclass(frozen=True)
class Step:
    operation: str
    arguments: dict
    site: str
    priority: int  # of the site, if it is a source of the host
    delay: float  # seconds until then, if it is a timer's
    pause: float | None  # seconds to sleep afterwards; None for not even a yield


@dataclasses.dataclass(frozen=True)
class RunPlan:
    host: str
    loop: str
    poll_mode: str
    debug: bool
    priority: int
    slice_us: int
    workers: list  # of lists of steps, each done by a task


def make_step(choice):
    name = choice.choices(
        list(OPERATIONS), [weight for _, weight, _ in OPERATIONS.values()]
    )[0]
    draws = OPERATIONS[name][2]
    return Step(
        operation=name,
        arguments={key: draw(choice) for key, draw in draws.items()},
        site=choice.choice(SITES),
        priority=host_priority(choice),
        delay=choice.random() * 0.003,
        pause=choice.choice([None, 0, 0, choice.random() * 0.002]),
    )


def make_plan(seed, steps, workers=4):
    """A run with *steps* in all, as *seed* will have it."""
    choice = random.Random(seed)
    return RunPlan(
        host=choice.choice(["run", "main-loop", "iteration"]),
        loop=choice.choice(["EventLoop", "EventLoop", "stock", "select", "poll"]),
        poll_mode=choice.choice(["direct", "thread"]),
        debug=choice.random() < 0.15,
        priority=choice.choice([-100, 0, 0, 0, 110, 200, 250]),
        slice_us=choice.choice([1, 100, 1000, 5000]),
        workers=[
            [make_step(choice) for _ in range(steps // workers)] for _ in range(workers)
        ],
    )
