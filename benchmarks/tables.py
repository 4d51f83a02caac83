# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Figures and tables in Markdown."""

from environments import DEFAULTS, VARIANTS
from systems import BASELINE, NO_LOOP, SYSTEMS
from verdicts import verdicts

__all__ = [
    'aim_rows', 'aims_table', 'bound_lines', 'case_tables', 'failure_notes', 'number', 'spread_lines',
    'table',
]

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


def _case_table(scenario, case, variant, platforms):
    """The table of a case: a row for each system, a column for each figure on each platform."""
    columns = []
    for platform in platforms:
        for figure in platform.figures(scenario, case.name, variant):
            found = platform.summaries(scenario, case.name, figure, variant)
            columns.append((platform, figure, found))
    if not columns:
        return
    head = ['']
    for platform, figure, _ in columns:
        unit = case.unit_of(figure)
        head.append(' '.join(part for part in (platform.title, figure, unit and f'[{unit}]') if part))
    rows = []
    labels = [(system.name, system.label or system.name) for system in SYSTEMS]
    for name, label in [*labels, (NO_LOOP, 'no loop at all: the bound')]:
        cells = [
            _cell(found.get(name), figure not in case.without_ratio and name != BASELINE)
            for _, figure, found in columns
        ]
        if any(cells):
            rows.append([label, *cells])
    yield from table(head, rows)


def case_tables(scenario, case, platforms):
    """The table of a case, and one for each variant in which it was measured besides."""
    for variant in VARIANTS:
        lines = list(_case_table(scenario, case, variant, platforms))
        if lines and variant != DEFAULTS:
            yield f'With {variant}:'
            yield ''
        yield from lines


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


def _shares(scenario, case, platforms, variant, share):
    """``(platform, figure, text)``: what ``share(summaries, summary, better)`` is of each system."""
    for platform in platforms:
        for figure in platform.figures(scenario, case.name, variant):
            if figure in case.without_ratio:
                continue
            found = platform.summaries(scenario, case.name, figure, variant)
            parts = []
            for system in SYSTEMS:
                summary = found.get(system.name)
                if summary is not None and summary.values:
                    value = share(found, summary, case.better_of(figure))
                    if value is not None:
                        parts.append(f'{system.name} {value:.0%}')
            if parts:
                yield ', '.join(part for part in (platform.title, figure) if part), ', '.join(parts)


def _share_of_bound(found, summary, better):
    bound = found.get(NO_LOOP)
    if bound is None or not bound.median or not summary.median:
        return None
    share = summary.median / bound.median
    return 1 / share if better == 'lower' else share


def bound_lines(scenario, case, platforms):
    """How near the bound each comes, for cases that have one."""
    for variant in VARIANTS:
        of = '' if variant == DEFAULTS else f', {variant}'
        for where, shares in _shares(scenario, case, platforms, variant, _share_of_bound):
            yield f'- Share of the bound{of}, {where}: {shares}'


def spread_lines(scenario, case, platforms):
    """What the worst environment has of the best one, for cases that are measured in all of them."""
    if not case.reads:
        return
    for where, shares in _shares(
        scenario, case, platforms, DEFAULTS, lambda found, summary, better: summary.spread()
    ):
        yield f'- The worst environment as a share of the best, {where}: {shares}'


def _verdict_cell(verdict):
    if verdict.is_met is None:
        return 'no result'
    shown = _digits(verdict.value) if verdict.value else '0'
    if verdict.error is not None:
        shown += f' ± {verdict.error:.2f}'
    return shown + (': met' if verdict.is_met else ': **not met**')


def aim_rows(scenarios, platforms):
    """``(row of a table, verdicts)`` for each aim."""
    for scenario, module in scenarios.items():
        for case in module.CASES:
            for figure, aim, found in verdicts(scenario, case, platforms):
                name = f'{case.name}: {figure}' if figure else case.name
                cells = [_verdict_cell(verdict) for verdict in found]
                yield [name, aim.text(case.unit_of(figure)), *cells], found


def aims_table(rows, platforms):
    return table(['', 'aim', *(platform.title for platform in platforms)], rows)
