# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a soak measures, and what it must look like."""

import asyncio
import gc
import time

import support

from . import footprint

#: Bytes a minute that resident memory may grow by in the second half, by the line of least squares:
#: less than what 300 rounds a minute would leave behind if each forgot half a kilobyte.
GROWTH = 128 * 1024


class Sources:
    """Counts the sources of the default main context, in a process that makes very many."""

    def __init__(self):
        self._mark = support.source_mark()
        self._attached = set()

    def count(self):
        context = support.GLib.MainContext.default()
        mark = support.source_mark()
        self._attached.update(range(self._mark + 1, mark))
        self._attached = {
            number for number in self._attached if context.find_source_by_id(number) is not None
        }
        self._mark = mark
        return len(self._attached)


class Sampler:
    """Takes a sample a second, of a process that rests."""

    def __init__(self, write):
        self._write = write  # called with each sample, a dict
        self._start = time.monotonic()
        self._last = 0
        self._sources = Sources()
        self.samples = []

    @property
    def seconds(self):
        return time.monotonic() - self._start

    def sample_if_due(self, **details):
        if self.seconds - self._last >= 1:
            self.sample(**details)

    def sample(self, **details):
        footprint.forget_last_exception()
        gc.collect()
        running = asyncio._get_running_loop() is not None
        sample = {
            "seconds": round(self.seconds, 3),
            "running": running,
            "resident": support.resident(),
            "descriptors": len(support.descriptors()),
            "threads": support.threads(),
            "tasks": len(asyncio.all_tasks()) if running else 0,
            "sources": self._sources.count(),
            "objects": len(gc.get_objects()),
            **details,
        }
        self._last = self.seconds
        self.samples.append(sample)
        self._write(sample)


def slope(points):
    """Of the line of least squares through (x, y)."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum(
        (x - mean_x) ** 2 for x, _ in points
    )


def judge(samples):
    """What is not flat in the second half."""
    half = samples[-1]["seconds"] / 2
    second = [sample for sample in samples if sample["seconds"] >= half]
    growth = slope([(sample["seconds"], sample["resident"]) for sample in second]) * 60
    print(f"resident memory in the second half: {growth / 1024:+.1f} kB a minute")
    problems = []
    if growth > GROWTH:
        problems.append(f"resident memory grows by {growth:.0f} bytes a minute")
    # Between runs, that is: the loops have different descriptors, and executors their threads.
    between = [sample for sample in second if not sample["running"]]
    for what in ("descriptors", "threads", "tasks", "sources"):
        found = {sample[what] for sample in between}
        print(f"{what} between runs: {sorted(found)}")
        if len(found) != 1:
            problems.append(f"{what} between runs: {sorted(found)}")
    return problems
