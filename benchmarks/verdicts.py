# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What became of the aims."""

import dataclasses
import math

import ratios
from systems import OURS

__all__ = ['Verdict', 'verdict', 'verdicts']


@dataclasses.dataclass(frozen=True)
class Verdict:
    #: The figure that the aim is for; None if there is no result.
    value: float | None
    #: Its standard error, for ratios; None if it is not known.
    error: float | None = None
    is_met: bool | None = None


def verdict(aim, better, summaries):
    """The :class:`Verdict` on an aim; *summaries* are of its variant, by the names of systems."""
    ours = summaries.get(OURS)
    if ours is None or not ours.values:
        return Verdict(None)
    error = None
    if aim.what == 'ratio':
        other = summaries.get(aim.to)
        found = ours.ratios_to(other) if other is not None else []
        value = ours.ratio_to(other) if found else None
        if math.isfinite(share := ratios.error(found)):
            error = value * share
    elif aim.what == 'spread':
        value = ours.spread()
    elif aim.what == 'worst':
        value = ours.worst(better)
    else:
        value = ours.median
    if value is None:
        return Verdict(None)
    return Verdict(value, error, aim.is_met(value))


def verdicts(scenario, case, platforms):
    """``(figure, aim, [Verdict of each platform])`` for each aim of a case."""
    figures = dict.fromkeys(
        figure for platform in platforms for figure in platform.figures(scenario, case.name)
    )
    for figure in figures:
        better = case.better_of(figure)
        for aim in case.aims_of(figure):
            yield figure, aim, [
                verdict(aim, better, platform.summaries(scenario, case.name, figure, aim.variant))
                for platform in platforms
            ]
