# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Statistics of frame intervals."""

import array


class FrameIntervals:
    """Collects intervals, in milliseconds."""

    def __init__(self):
        self._intervals = array.array('d')

    def add(self, interval):
        self._intervals.append(interval)

    def __len__(self):
        return len(self._intervals)

    def quantile(self, share):
        ordered = sorted(self._intervals)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def longest(self):
        return max(self._intervals)

    def __str__(self):
        if not self._intervals:
            return 'none'
        return (f'{len(self)}, median {self.quantile(0.5):.1f} ms, '
                f'p99 {self.quantile(0.99):.1f} ms, longest {self.longest:.1f} ms')
