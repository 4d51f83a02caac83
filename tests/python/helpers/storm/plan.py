# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a storm will do, decided by its seed alone."""

import dataclasses
import random

from . import (  # noqa: F401
    callbacks,
    calls,
    descriptors,
    emissions,
    hosts,
    nestings,
    settings,
    signals,
    tasks,
    threads,
)
from .endings import ENDINGS
from .operations import OPERATIONS, host_priority
from .places import HOSTS, LOOPS

#: Where a step is done.
SITES = ["here", "here", "soon", "timer", "idle", "timeout", "task", "eager", "thread"]

#: Steps between two calms, in which all that is outstanding happens. Of a wake that is lost nothing
#: tells but that nothing else comes, so many gusts are of one step.
GUSTS = [1, 1, 1, 2, 3, 8, 20, 50]
WORKERS = 4


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
    gusts: list  # of lists of lists of steps, each of which a task does
    ending: str
    end_after: float  # seconds since the last gust began, if the run is not to wait for it

    def __str__(self):
        return (
            f"{self.host}, {self.loop}, {self.poll_mode}, debug {self.debug}, "
            f"priority {self.priority}, slice {self.slice_us}, ending {self.ending}"
        )


def make_step(choice, name=None):
    if name is None:
        weights = [weight for _, weight, _ in OPERATIONS.values()]
        [name] = choice.choices(list(OPERATIONS), weights)
    draws = OPERATIONS[name][2]
    return Step(
        operation=name,
        arguments={key: draw(choice) for key, draw in draws.items()},
        site=choice.choice(SITES),
        priority=host_priority(choice),
        delay=choice.random() * 0.003,
        pause=choice.choice([None, 0, 0, choice.random() * 0.002]),
    )


def make_gusts(choice, steps):
    gusts = []
    while steps > 0:
        size = min(choice.choice(GUSTS), steps)
        steps -= size
        made = [make_step(choice) for _ in range(size)]
        gusts.append([made[worker::WORKERS] for worker in range(min(WORKERS, size))])
    return gusts


def make_plan(seed, steps):
    """A run with *steps* in all, as *seed* will have it."""
    choice = random.Random(seed)
    host = choice.choice(list(HOSTS))
    loops = [name for name, (_, weight) in LOOPS.items() for _ in range(weight)]
    if host == "runner":
        # There it is the loop that iterates the main context.
        loops = [name for name in loops if name != "stock"]
    return RunPlan(
        host=host,
        loop=choice.choice(loops),
        poll_mode=choice.choice(["direct", "thread"]),
        debug=choice.random() < 0.15,
        priority=choice.choice([-100, 0, 0, 0, 110, 200, 250]),
        slice_us=choice.choice([1, 100, 1000, 5000]),
        gusts=make_gusts(choice, steps),
        # Most runs settle first: of those that do not, less can be asked for.
        ending=choice.choice(list(ENDINGS)) if choice.random() < 0.3 else "return",
        end_after=choice.choice([0, choice.random() * 0.01]),
    )
