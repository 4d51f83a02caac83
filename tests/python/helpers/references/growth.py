# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether a use leaks references when it is made again and again."""

import array
import contextlib
import gc
import inspect
import logging
import sys

from gi.repository import GObject
from storm.footprint import forget_last_exception

import support

#: Uses before the first count, and of each batch of them by turns.
WARM_UP = 4
BATCHES = (8, 16)

#: So many batches are tried: caches and pools come to an end, a leak grows each time.
PATIENCE = 20


def count_references():
    """But for those to classes of GObjects: PyGObject 3.42 takes one too many for each object."""
    classes = [GObject.Object]
    for cls in classes:
        classes += cls.__subclasses__()
    return sys.gettotalrefcount() - sum(map(sys.getrefcount, set(classes)))


#: What is counted. Blocks are those of Python's allocator, of any kind of object but large ones;
#: only a debug build of Python counts references.
MEASURES = {
    "blocks": sys.getallocatedblocks,
    "objects": lambda: len(gc.get_objects()),
}
if hasattr(sys, "gettotalrefcount"):
    MEASURES["references"] = count_references

#: Types remember the names that were looked up last, of which PyGObject makes ever new ones.
clear_caches = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache


class Growth:
    """The counts, kept in memory that is there from the beginning."""

    def __init__(self):
        self._counts = {name: array.array("q", bytes(8 * PATIENCE)) for name in MEASURES}
        self.taken = 0

    def take(self):
        forget_last_exception()
        clear_caches()
        gc.collect()
        for name, count in MEASURES.items():
            self._counts[name][self.taken] = count()
        self.taken += 1

    def has_ended(self):
        """One batch of each size has changed nothing: what is kept for reuse may go up and down."""
        last = self.taken - 1
        return last >= len(BATCHES) and all(
            counts[last] == counts[last - len(BATCHES)] for counts in self._counts.values()
        )

    def batches(self):
        """How many uses to make next, until that leaves nothing behind."""
        yield WARM_UP
        self.take()
        while not self.has_ended():
            assert self.taken < PATIENCE, f"there is ever more: {self}"
            yield BATCHES[self.taken % len(BATCHES)]
            self.take()

    def __str__(self):
        return ", ".join(
            f"{name} {counts[: self.taken].tolist()}" for name, counts in self._counts.items()
        )


@contextlib.contextmanager
def quiet():
    """Nobody keeps what is logged, and the collector need not look at what is there already."""
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def check(use):
    """Fail if *use* leaks: a function that is called outside of a run, or an async one, which is
    awaited many times in one run."""
    growth = Growth()

    async def in_a_run():
        for count in growth.batches():
            for _ in range(count):
                await use()

    def outside():
        for count in growth.batches():
            for _ in range(count):
                use()

    with quiet():
        if inspect.iscoroutinefunction(use):
            support.run_owning(in_a_run())
        else:
            outside()
