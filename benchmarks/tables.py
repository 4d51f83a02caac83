# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Figures and tables in Markdown."""

import math

import ratios
from systems import BASELINE, NO_LOOP, OURS, SYSTEMS

__all__ = ['bound_lines', 'case_table', 'failure_notes', 'number', 'summary_table', 'table']

_SCALES = ((1e9, ' G'), (1e6, ' M'), (1e3, ' k'), (1, ''))


def number(value, unit=''):
    """Three digits; rates and counts in thousands or millions."""
    if value == 0:
        return '0'
    if unit in ('1/s', 'B'):
        for scale, letter in _SCALES:
            if abs(value) >= scale:
                return _digits(value / scale) + letter
    return _digits(value)


def _digits(value):
    if abs(value) >= 100:
        return f'{value:.0f}'
    if abs(value) >= 10:
        return f'{value:.1f}'
    if abs(value) >= 0.01:
        return f'{value:.2f}'
    return f'{value:.2g}'


def table(head, rows):
    """Lines of a table; the first column is text, the others are figures."""
    yield '| ' + ' | '.join(head) + ' |'
    yield '| --- |' + ' ---: |' * (len(head) - 1)
    for row in rows:
        yield '| ' + ' | '.join(row) + ' |'
    yield ''


def _cell(summary, with_ratio):
    if summary is None:
        return ''
    if summary.failure:
        return summary.failure
    if not summary.values:
        return ''
    unit = summary.unit
    text = number(summary.median, unit)
    low, high = number(min(summary.values), unit), number(max(summary.values), unit)
    if low != high:
        text += f' ({low} to {high})'
    if with_ratio and summary.ratio is not None:
        text += f', **{_digits(summary.ratio)} ×**'
    if summary.failures:
        text += ', ' + ', '.join(f'{kind} {n} times' for kind, n in summary.failures.items())
    return text


def _verdict(aim, summary):
    """What became of an aim: text, and whether it is met (None if there is nothing to judge)."""
    if summary is None or not summary.values:
        return 'no result', None
    figure = summary.ratio if aim.what == 'ratio' else summary.median
    if figure is None:
        return 'no result', None
    met = aim.is_met(figure)
    shown = _digits(figure) if figure else '0'
    error = ratios.error(summary.ratios)
    if aim.what == 'ratio' and math.isfinite(error):
        shown += f' ± {figure * error:.2f}'
    return f'{shown}: ' + ('met' if met else '**not met**'), met


def case_table(scenario, case, platforms):
    """The table of a case: a row for each system, a column for each figure on each platform."""
    columns = []
    for platform in platforms:
        for figure in platform.figures(scenario, case.name):
            columns.append((platform, figure, platform.summaries(scenario, case.name, figure)))
    if not columns:
        return
    head = ['']
    for platform, figure, _ in columns:
        head.append(' '.join(
            part for part in (platform.title, figure, f'[{case.unit_of(figure)}]') if part
        ))
    rows = []
    labels = [(system.name, system.label or system.name) for system in SYSTEMS]
    for name, label in [*labels, (NO_LOOP, 'no loop at all: the bound')]:
        cells = [
            _cell(found.get(name), figure not in case.without_ratio and name != BASELINE)
            for _, figure, found in columns
        ]
        if any(cells):
            rows.append([label, *cells])
    aims = [case.aim_of(figure) for _, figure, _ in columns]
    if any(aims):
        rows.append(['*aim*', *(
            f'{aim}, {_verdict(aim, found.get(OURS))[0]}' if aim else ''
            for aim, (_, _, found) in zip(aims, columns)
        )])
    yield from table(head, rows)


def failure_notes(scenario, case, platforms):
    """What stalled or crashed, and with which words."""
    for platform in platforms:
        figures = platform.figures(scenario, case.name)
        found = platform.summaries(scenario, case.name, figures[0] if figures else '')
        for name, summary in found.items():
            if summary.failures:
                detail = summary.details[-1].replace('|', '\\|').replace('`', "'")
                kind = next(iter(summary.failures))
                yield f'- {platform.title}, {name} {kind}: `{detail}`'


def bound_lines(scenario, case, platforms):
    """How near the bound each comes, for cases that have one."""
    for platform in platforms:
        for figure in platform.figures(scenario, case.name):
            found = platform.summaries(scenario, case.name, figure)
            bound = found.get(NO_LOOP)
            if bound is None or not bound.values:
                continue
            lower = case.better_of(figure) == 'lower'
            parts = []
            for system in SYSTEMS:
                summary = found.get(system.name)
                if summary is not None and summary.values and bound.median:
                    share = summary.median / bound.median
                    share = 1 / share if lower else share
                    parts.append(f'{system.name} {share:.0%}')
            yield f'- Share of the bound, {platform.title}, {figure}: ' + ', '.join(parts)


def summary_table(scenarios, platforms):
    """All aims, and what became of them."""
    head = ['', 'aim', *(platform.title for platform in platforms)]
    rows = []
    met = judged = 0
    for scenario, module in scenarios.items():
        for case in module.CASES:
            figures = dict.fromkeys(
                figure for platform in platforms for figure in platform.figures(scenario, case.name)
            )
            for figure in figures:
                aim = case.aim_of(figure)
                if aim is None:
                    continue
                cells = []
                for platform in platforms:
                    found = platform.summaries(scenario, case.name, figure)
                    text, verdict = _verdict(aim, found.get(OURS))
                    cells.append(text)
                    if verdict is not None:
                        judged += 1
                        met += verdict
                unit = '' if aim.what == 'ratio' else f' {case.unit_of(figure)}'
                of = ' asyncio' if aim.what == 'ratio' else ''
                name = f'{case.name}: {figure}' if figure else case.name
                rows.append([name, f'{aim}{unit}{of}', *cells])
    yield f'{met} of {judged} are met.'
    yield ''
    yield from table(head, rows)
