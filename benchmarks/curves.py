# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A panel with the curves of a series: medians against the numbers that name the figures."""

from systems import SYSTEMS

__all__ = ['draw', 'points']

_STYLES = ('-', '--', ':')


def points(scenario, case, platform):
    """``{system name: [(number, median), ...]}``."""
    curves = {}
    for figure in platform.figures(scenario, case.name):
        if not figure.isdigit():
            continue
        for name, summary in platform.summaries(scenario, case.name, figure).items():
            if summary.values:
                curves.setdefault(name, []).append((int(figure), summary.median))
    return {name: sorted(curve) for name, curve in curves.items()}


def draw(axis, scenario, case, platforms):
    """A curve for each system and platform; a system has one colour, a platform one style."""
    names = [s.name for s in SYSTEMS if case.systems is None or s.name in case.systems]
    colours = {name: f'C{place % 10}' for place, name in enumerate(names)}
    for place, platform in enumerate(platforms):
        for name, curve in points(scenario, case, platform).items():
            axis.plot(
                *zip(*curve),
                color=colours[name],
                linestyle=_STYLES[place % len(_STYLES)],
                marker='.',
                label=None if place else name,
            )
    axis.set_xscale('log')
    axis.set_yscale('log')
    axis.set_xlabel(f'number of {case.series}')
    axis.set_ylabel('ns')
    axis.set_title(case.name)
    axis.legend(fontsize=6)
