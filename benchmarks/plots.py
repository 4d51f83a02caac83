# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""One picture per scenario: medians as bars with the range that was seen, or as curves."""

import sys

import curves
from environments import DEFAULTS
from systems import NO_LOOP, SYSTEMS

__all__ = ['draw']

_COLOURS = ('#3584e4', '#e66100', '#2ec27e')


def _panels(scenario, cases, platforms):
    """What gets a panel: all of a series (None), else figures that have an aim, or the first."""
    for case in cases:
        figures = list(dict.fromkeys(
            figure for platform in platforms for figure in platform.figures(scenario, case.name)
        ))
        if case.series:
            yield case, None
            continue
        # Of counts the tables tell enough.
        chosen = [f for f in figures if any(aim.what != 'worst' for aim in case.aims_of(f))]
        for figure in chosen or figures[:1]:
            yield case, figure


def _rows(scenario, case, figure, platforms):
    names = [system.name for system in SYSTEMS] + [NO_LOOP]
    found = [platform.summaries(scenario, case.name, figure) for platform in platforms]
    return [name for name in names if any(name in summaries for summaries in found)], found


def draw(scenario, cases, platforms, path):
    """Writes the picture; returns whether there is one."""
    try:
        import matplotlib
    except ImportError:
        print('plots.py: no matplotlib, no pictures', file=sys.stderr)
        return False
    matplotlib.use('svg')
    # The same results make the same file.
    matplotlib.rcParams.update(
        {'svg.hashsalt': 'aioguest', 'svg.fonttype': 'none', 'font.size': 8}
    )
    from matplotlib import pyplot

    panels = list(_panels(scenario, cases, platforms))
    if not panels:
        return False
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    picture, axes = pyplot.subplots(
        rows, columns, figsize=(5.2 * columns, 3.4 * rows), squeeze=False, layout='constrained'
    )
    for axis in axes.flat[len(panels):]:
        axis.set_visible(False)
    for axis, (case, figure) in zip(axes.flat, panels):
        if case.series:
            curves.draw(axis, scenario, case, platforms)
        else:
            _panel(axis, scenario, case, figure, platforms)
    if len(platforms) > 1 and not panels[0][0].series:
        axes.flat[0].legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    pyplot.savefig(path, metadata={'Date': None})
    pyplot.close(picture)
    return True


def _panel(axis, scenario, case, figure, platforms):
    from matplotlib import ticker

    names, found = _rows(scenario, case, figure, platforms)
    height = 0.8 / len(platforms)
    seen = []
    for place, (platform, summaries) in enumerate(zip(platforms, found)):
        colour = _COLOURS[place % len(_COLOURS)]
        ours = {system.name for system in SYSTEMS if system.is_ours}
        for row, name in enumerate(names):
            summary = summaries.get(name)
            where = row + (place - (len(platforms) - 1) / 2) * height
            if summary is None or not summary.values:
                if summary is not None and summary.failure:
                    axis.text(0.01, where, summary.failure, va='center', fontsize=6,
                              transform=axis.get_yaxis_transform())
                continue
            middle = summary.median
            seen += summary.values
            axis.barh(
                where, middle, height, color=colour, alpha=1.0 if name in ours else 0.45,
                xerr=[[middle - min(summary.values)], [max(summary.values) - middle]],
                error_kw={'linewidth': 0.7},
                label=platform.title if row == names.index(_first(names, summaries)) else None,
            )
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    positive = [value for value in seen if value > 0]
    if len(positive) == len(seen) and seen and max(seen) > 30 * min(seen):
        axis.set_xscale('log')
        axis.set_xlim(left=min(seen) / 2)
    else:
        axis.locator_params(axis='x', nbins=6)
    if case.unit_of(figure) in ('1/s', 'B'):
        axis.xaxis.set_major_formatter(ticker.EngFormatter())
    _mark_aims(axis, case.aims_of(figure), found)
    axis.set_xlabel(case.unit_of(figure) + (
        ', less is better' if case.better_of(figure) == 'lower' else ', more is better'
    ))
    axis.set_title(f'{case.name}: {figure}' if figure else case.name)


def _first(names, summaries):
    """The first row that has a bar: it names the platform in the legend."""
    return next((n for n in names if n in summaries and summaries[n].values), names[0])


def _mark_aims(axis, aims, found):
    """A line for each aim that a figure or its ratio to another one's can be compared with."""
    for aim in aims:
        if aim.variant != DEFAULTS or aim.what == 'spread':
            continue
        for place, summaries in enumerate(found):
            bound = aim.bound
            if aim.what == 'ratio':
                other = summaries.get(aim.to)
                if other is None or not other.values:
                    continue
                bound *= other.median
            axis.axvline(bound, color=_COLOURS[place % len(_COLOURS)], linestyle='--', linewidth=0.9)
