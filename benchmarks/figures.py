# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Small helpers of the scenarios."""

import time

__all__ = ['Stopwatch', 'latencies', 'quantile']


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


def _waited():
    try:
        with open('/proc/thread-self/schedstat', encoding='ascii') as file:
            return int(file.read().split()[1]) / 1e9
    except OSError:
        return 0.0
