# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Throughput over the last moments, and numbers as people read them."""

import collections
import time


class RateMeter:
    """Bytes per second over the last ``window`` seconds."""

    def __init__(self, window=1.5):
        self._window = window
        self._samples = collections.deque()

    def update(self, total):
        now = time.monotonic()
        self._samples.append((now, total))
        while len(self._samples) > 2 and self._samples[1][0] < now - self._window:
            self._samples.popleft()
        then, before = self._samples[0]
        return (total - before) / (now - then) if now > then else 0.0


def format_size(size):
    for unit in ('bytes', 'kB', 'MB', 'GB'):
        if size < 1000 or unit == 'GB':
            break
        size /= 1000
    return f'{size:.0f} {unit}' if unit == 'bytes' else f'{size:.1f} {unit}'


def format_rate(rate):
    return format_size(rate) + '/s'
