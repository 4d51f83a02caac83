# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a soak measures, and what it must look like."""

import asyncio
import ctypes
import gc
import linecache
import time

import support

from . import footprint

#: Bytes a minute that what is allocated between runs may grow by in the second half, by the line of
#: least squares: less than what 170 rounds a minute would leave behind if each forgot a hundred.
#: Resident memory, which fragmentation has grow by a megabyte at a time, would not tell of so little.
GROWTH = 16 * 1024


class _Mallinfo2(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
        )
    ]


_mallinfo2 = ctypes.CDLL(None).mallinfo2
_mallinfo2.restype = _Mallinfo2


def allocated():
    """Bytes that the C library's allocator has given out: of its first arena, and by mmap().

    All of the process's, with the settings that soak.py's main() gives its process.
    """
    info = _mallinfo2()
    return info.uordblks + info.hblkhd


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
    """Takes a sample a second, of a process that rests, and keeps none: that would be a leak."""

    def __init__(self, write):
        self._write = write  # called with each sample, a dict
        self._start = time.monotonic()
        self._last = 0
        self._sources = Sources()

    @property
    def seconds(self):
        return time.monotonic() - self._start

    def sample_if_due(self, **details):
        if self.seconds - self._last >= 1:
            self.sample(**details)

    def sample(self, **details):
        footprint.forget_last_exception()
        # The text of each module that a traceback, which debug mode makes many of, goes through.
        linecache.clearcache()
        gc.collect()
        running = asyncio._get_running_loop() is not None
        sample = {
            "seconds": round(self.seconds, 3),
            "running": running,
            "allocated": allocated(),
            "resident": support.resident(),
            "descriptors": len(support.descriptors()),
            "threads": support.threads(),
            "tasks": len(asyncio.all_tasks()) if running else 0,
            "sources": self._sources.count(),
            "objects": len(gc.get_objects()),
            **details,
        }
        self._last = self.seconds
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
    # In runs the loops have different descriptors, executors their threads, and both their memory.
    between = [sample for sample in second if not sample["running"]]
    problems = []
    for what in ("allocated", "resident"):
        growth = slope([(sample["seconds"], sample[what]) for sample in between]) * 60
        print(f"{what} memory in the second half: {growth / 1024:+.1f} kB a minute")
        if what == "allocated" and growth > GROWTH:
            problems.append(f"what is allocated grows by {growth:.0f} bytes a minute")
    for what in ("descriptors", "threads", "tasks", "sources"):
        found = {sample[what] for sample in between}
        print(f"{what} between runs: {sorted(found)}")
        if len(found) != 1:
            problems.append(f"{what} between runs: {sorted(found)}")
    return problems
