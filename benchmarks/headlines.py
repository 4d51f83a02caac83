# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The tables that come first: what a user gains or loses, and README's beside the other bridges."""

from systems import BASELINE, OURS, SYSTEMS
from tables import number, table

__all__ = ['gains_table', 'readme_block', 'values_table']

UVLOOP = 'uvloop'

#: Scenario, case and figure of each row; the case is its label.
GAINS = (
    ('echo', 'echo, 1 connection, protocols', 'rate'),
    ('echo', 'echo, 1 connection, streams', 'rate'),
    ('echo', 'echo, 100 connections, protocols', 'rate'),
    ('echo', 'echo, 100 connections, streams', 'rate'),
    ('tls', 'TLS echo, 1 connection', 'rate'),
    ('tls', 'TLS echo, 10 connections', 'rate'),
    ('udp', 'UDP echo', 'rate'),
    ('pipes', 'pipe echo', 'rate'),
    ('pipes', "echo by a subprocess's pipes", 'rate'),
    ('http', 'aiohttp, both ends in one loop', 'rate'),
    ('http', 'aiohttp download', 'rate'),
    ('http', 'aiohttp upload', 'rate'),
    ('websockets', 'websockets echo', 'rate'),
    ('bulk', 'bulk, TCP', 'rate'),
    ('bulk', 'bulk, UNIX socket', 'rate'),
    ('bulk', 'bulk, pipe', 'rate'),
    ('iterations', 'loop iterations', ''),
)

#: Label, scenario, case and figure.
VALUES = (
    ('frames painted beside a `sleep(0)` flood', 'fairness', 'frames beside a sleep(0) flood',
     'frames'),
    ('frames painted beside a socket that is always readable', 'fairness',
     'frames beside an always-readable flood', 'frames'),
    ('from `set_result()` in a callback of GLib to the task', 'wakes', 'wake from a host callback',
     'p50'),
    ('lateness of `sleep(0.005)`', 'timers', 'sleep(5 ms)', 'p50'),
    ('import of AioGuest, time', 'imports', 'import', 'time'),
    ('import of AioGuest, memory', 'imports', 'import', 'memory'),
)

#: Label, kind of cell, scenario, case and figure.
BRIDGES = (
    ('iterations of the loop', 'ratio', 'iterations', 'loop iterations', ''),
    ('echo server, 100 connections, streams', 'ratio', 'echo', 'echo, 100 connections, streams',
     'rate'),
    ('TLS echo, 10 connections', 'ratio', 'tls', 'TLS echo, 10 connections', 'rate'),
    ('UDP echo', 'ratio', 'udp', 'UDP echo', 'rate'),
    ('ping-pong beside 2000 idle descriptors', 'ratio', 'descriptors',
     'ping-pong, 2000 idle descriptors', ''),
    ('frames that a window paints beside a busy task', 'value', 'fairness',
     'frames beside a sleep(0) flood', 'frames'),
    ('the same beside a socket that is always readable', 'value', 'fairness',
     'frames beside an always-readable flood', 'frames'),
    ('asyncio goes on in a main loop nested in a task', 'goes on', 'nesting',
     'nested main loop, from a task', ''),
    ('from `set_result()` in a callback of GLib to the task', 'value', 'wakes',
     'wake from a host callback', 'p50'),
)

#: The columns of README's table. Each names systems; the first of them that was measured is shown.
COLUMNS = (
    ('AioGuest', (OURS,)),
    ('gi.events', ('gi.events', 'gi.events-newer')),
    ('gbulb', ('gbulb', 'gbulb-newer')),
    ('asyncio-glib', ('asyncio-glib',)),
    ('aioguest (PyPI)', ('aioguest-pypi',)),
    ('uvloop, no GLib', (UVLOOP,)),
)


def _gain(ours, other, better):
    """The median of the ratios, and the least in any environment."""
    if ours is None or other is None or not ours.ratios_to(other):
        return ''
    median = ours.ratio_to(other)
    worst = ours.worst_ratio_to(other, better)
    return f'**{median:.2f}** ({worst:.2f})'


def gains_table(scenarios, platforms):
    """AioGuest's ratios to asyncio and to uvloop."""
    head = ['']
    for platform in platforms:
        head += [f'{platform.title}: × asyncio', '× uvloop', 'worst of best']
    rows = []
    for scenario, name, figure in GAINS:
        case = _case(scenarios, scenario, name)
        cells = []
        for platform in platforms:
            found = platform.summaries(scenario, name, figure)
            ours = found.get(OURS)
            better = case.better_of(figure)
            spread = ours.spread() if ours is not None and case.reads else None
            cells += [
                _gain(ours, found.get(BASELINE), better), _gain(ours, found.get(UVLOOP), better),
                '' if spread is None else f'{spread:.2f}',
            ]
        if any(cells):
            rows.append([name, *cells])
    yield from table(head, rows)


def values_table(scenarios, platforms):
    """What is no ratio: AioGuest's own figures."""
    rows = []
    for label, scenario, name, figure in VALUES:
        case = _case(scenarios, scenario, name)
        found = [platform.summaries(scenario, name, figure).get(OURS) for platform in platforms]
        cells = [_value(summary, case.unit_of(figure)) for summary in found]
        if any(cells):
            rows.append([label, *cells])
    yield from table(['', *(platform.title for platform in platforms)], rows)


def readme_block(scenarios, platform):
    """README's table: AioGuest beside the other bridges, on one platform."""
    columns = []
    for label, names in COLUMNS:
        measured = [name for name in names if platform.version(name) or name == OURS]
        if measured:
            columns.append((label, measured[0]))
    newer = [label for label, name in columns if name.endswith('-newer')]
    text = f'{platform.title}, from [Performance](docs/performance.md) (× is asyncio without GLib'
    if newer:
        text += f'; {" and ".join(newer)} with {_newer_version(platform)}'
    yield text + '):'
    yield ''
    rows = []
    for label, kind, scenario, name, figure in BRIDGES:
        unit = _case(scenarios, scenario, name).unit_of(figure)
        found = platform.summaries(scenario, name, figure)
        rows.append([label, *(_bridge(found.get(system), kind, unit) for _, system in columns)])
    yield from table(['', *(label for label, _ in columns)], rows)


def _newer_version(platform):
    version = next(
        platform.version(s.name) for s in SYSTEMS
        if s.environment == 'pygobject' and platform.version(s.name)
    )
    return version.rpartition(', ')[2]


def _case(scenarios, scenario, name):
    return next(case for case in scenarios[scenario].CASES if case.name == name)


def _value(summary, unit):
    return f'{number(summary.median, unit)} {unit}' if summary is not None and summary.values else ''


def _bridge(summary, kind, unit):
    if summary is None:
        return ''
    if not summary.values:
        return {'stalls': 'never'}.get(summary.failure, summary.failure)
    if kind == 'ratio':
        return '' if summary.ratio is None else f'{summary.ratio:.2g} ×'
    if kind == 'goes on':
        # Of the 30 ticks that would be perfect.
        return 'yes' if summary.median >= 15 else 'no'
    return _value(summary, unit)
