# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Ratios round by round, and how far their median can be trusted.

What a machine does beside the measurements changes from minute to minute, so only what was measured in
the same round is compared.
"""

import math
import statistics

__all__ = ['CERTAIN', 'PER_ENVIRONMENT', 'error', 'pair']

#: The error of a ratio that needs no more rounds.
CERTAIN = 0.02

#: Measurements in each environment, of which the medians are compared.
PER_ENVIRONMENT = 3


def pair(values, baseline):
    """The ratios of two systems' values, both ``{round: value}``, in the rounds that both have."""
    return [value / baseline[n] for n, value in values.items() if baseline.get(n)]


def error(ratios):
    """The standard error of the median, as a share of it; infinite for fewer than three ratios.

    Estimated from the scatter of the logarithms, for which the median is 1.25 times as uncertain
    as the mean.
    """
    if len(ratios) < 3 or min(ratios) <= 0:
        return math.inf
    scatter = statistics.stdev(math.log(ratio) for ratio in ratios)
    return math.sqrt(math.pi / 2 / len(ratios)) * scatter
