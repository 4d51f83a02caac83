# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A storm of many minutes: runs that begin and end, each of many rounds, and samples of the process."""

import argparse
import dataclasses
import json
import logging
import os
import random
import sys

import support  # noqa: F401 - chooses the versions of what is imported from gi

from .plan import make_plan
from .runs import Storm
from .samples import Sampler, judge

#: Of one run.
SECONDS = 12
STEPS = 200

#: All memory comes from malloc()'s one arena, which tells what of it is in use.
ALLOCATOR = {"PYTHONMALLOC": "malloc", "MALLOC_ARENA_MAX": "1"}


class LongStorm(Storm):
    """One run that goes on with plan after plan, of the seeds from *seed* on."""

    def __init__(self, seed, seconds, sampler):
        super().__init__(self._settling(make_plan(seed, STEPS)))
        self.seed = seed
        self._until = sampler.seconds + seconds
        self._sampler = sampler

    @staticmethod
    def _settling(plan):
        return dataclasses.replace(plan, ending="return")

    async def do_gusts(self):
        while True:
            await super().do_gusts()
            await self.end_round()
            self.seed += 1
            if self.ledger.problems or self._sampler.seconds >= self._until:
                break
            self._sampler.sample_if_due(seed=self.seed)
            # Of a plan that is not the first the gusts count; the run is what it is.
            self.plan = dataclasses.replace(self.plan, gusts=make_plan(self.seed, STEPS).gusts)


def soak(seconds, seed, write, run_seconds=SECONDS):
    """Storm for so long, *write* each sample, and return what went wrong."""
    sampler = Sampler(write)
    while sampler.seconds < seconds:
        storm = LongStorm(seed, min(run_seconds, seconds - sampler.seconds), sampler)
        problems = storm.run()
        if problems:
            return [f"seed {storm.seed - 1}", *problems]
        seed = storm.seed
        sampler.sample(seed=seed)
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(1, 2**32))
    parser.add_argument("output", help="the folder for samples.jsonl and soak.svg")
    arguments = parser.parse_args()
    if not ALLOCATOR.items() <= os.environ.items():
        os.execve(sys.executable, sys.orig_argv, os.environ | ALLOCATOR)
    print(f"seed {arguments.seed}", flush=True)
    # Debug mode tells of every slow callback, and some nest main loops.
    logging.getLogger("asyncio").setLevel(logging.ERROR)

    os.makedirs(arguments.output, exist_ok=True)
    path = os.path.join(arguments.output, "samples.jsonl")
    with open(path, "w") as file:

        def write(sample):
            print(json.dumps(sample), file=file, flush=True)

        problems = soak(arguments.minutes * 60, arguments.seed, write)
    with open(path) as file:
        samples = [json.loads(line) for line in file]

    print(f"{samples[-1]['seed'] - arguments.seed} rounds of {STEPS} steps")
    if not problems:
        problems = judge(samples)
    from .plots import plot

    plot(samples, os.path.join(arguments.output, "soak.svg"))
    print("\n".join(problems) or "flat")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
