# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Small helpers of the scenarios."""

__all__ = ['latencies', 'quantile']


def quantile(values, share):
    """The value that *share* (0 to 1) of the *values* do not exceed."""
    values = sorted(values)
    return values[min(int(share * len(values)), len(values) - 1)]


def latencies(seconds):
    """The usual figures of latencies, in microseconds."""
    return {'p50': quantile(seconds, 0.5) * 1e6, 'p99': quantile(seconds, 0.99) * 1e6}
