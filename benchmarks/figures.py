# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Small helpers of the scenarios."""

import os
import resource
import time

__all__ = ['MARK', 'MARKS', 'Section', 'Stopwatch', 'latencies', 'quantile']

#: The variable that asks for marks among the system calls, and how their paths begin.
MARKS = 'AIOGUEST_BENCHMARK_MARKS'
MARK = '/aioguest-benchmark/'


def quantile(values, share):
    """The value that *share* (0 to 1) of the *values* do not exceed."""
    values = sorted(values)
    return values[min(int(share * len(values)), len(values) - 1)]


def latencies(seconds):
    """The usual figures of latencies, in microseconds."""
    return {'p50': quantile(seconds, 0.5) * 1e6, 'p99': quantile(seconds, 0.99) * 1e6}


class Stopwatch:
    """Seconds, without those in which this thread could have run but others had the processor.

    What other processes take away is not the system's affair; where the kernel does not tell, and
    where nobody takes anything, it is the plain time. Not for work that shares its core with a
    process of its own.
    """

    def __init__(self):
        self._waited = _waited()
        self._start = time.perf_counter()

    def elapsed(self):
        return time.perf_counter() - self._start - (_waited() - self._waited)


class Section:
    """The operations of a measurement: page faults of this process, and marks for strace."""

    def begin(self):
        """The operations begin. May be called again: what was before does not count then."""
        _mark('begin')
        self._before = _minor_faults()

    def end(self):
        self._faults = _minor_faults() - self._before
        _mark('end')

    def figures(self, operations):
        """Page faults for one of the *operations*, which may be known later than the end."""
        _mark(f'operations/{operations}')
        return {'faults': self._faults / operations}


def _minor_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def _mark(text):
    if MARKS in os.environ:
        os.access(MARK + text, os.F_OK)


def _waited():
    try:
        with open('/proc/thread-self/schedstat', encoding='ascii') as file:
            return int(file.read().split()[1]) / 1e9
    except OSError:
        return 0.0
