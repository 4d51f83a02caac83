# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Makes the document of all results that there are: ``report.py --results DIR --document FILE``."""

import argparse
import inspect
import sys
from pathlib import Path

import plots
import results
import tables
from cases import load_scenarios
from ratios import CERTAIN
from systems import OURS, SYSTEMS

INTRODUCTION = f"""\
# Performance

Made by `benchmarks/run.sh`; whatever is changed here is lost at its next run.

AioGuest and what could be taken instead of it, on the same work. Each measurement is made by a
process of its own, the systems take turns, and the figures are medians with the smallest and largest
in parentheses. **×** is the ratio to asyncio alone (`asyncio.run()`), whether more is better or less:
the median of the ratios of the rounds. **±** is its standard error; a ratio that has an aim is measured
until that is {CERTAIN:.0%} of it, or time is up. A system that does not get done "stalls", one that ends by an exception or a
signal "crashes". What a system can't do by its nature is left out.

Aims are for AioGuest as a user gets it: native tick, direct poll mode (`{OURS}`).

All processes run with the same settings of the C library's memory allocator, so that it never
returns memory to the kernel in between. asyncio's transports ask for 256 KiB at each read; with the
defaults it depends on what a process has allocated and freed before whether each of these reads maps
and unmaps memory, which makes an echo several times as slow, for asyncio alone too.
"""


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--results', type=Path, required=True, help='where the *.jsonl are')
    parser.add_argument('--document', type=Path, required=True, help='the Markdown file')
    return parser.parse_args()


def machines(platforms):
    """What was measured on, and with which versions."""
    rows = [
        ('processor', lambda m: f'{m["processor"]}, {m["cores"]} cores'),
        ('memory', lambda m: f'{m["memory_mib"] / 1024:.1f} GiB'),
        ('kernel', lambda m: m['kernel']),
        ('load when it began', lambda m: f'{m["load"]}'),
        ('Python', lambda m: m['python']),
        ('GLib', lambda m: m.get('glib', '')),
        ('PyGObject', lambda m: m.get('pygobject', '')),
        ('OpenSSL', lambda m: m['openssl']),
        ('measured', lambda m: m['date']),
        ('revision', lambda m: m['revision']),
        ('size', lambda m: m['size']),
    ]
    lines = [[name, *(get(p.machine) for p in platforms)] for name, get in rows]
    disturbances = [platform.disturbance() for platform in platforms]
    lines.append([
        'disturbed by other processes',
        *('' if share is None else f'{share:.1%} of the time' for share in disturbances),
    ])
    for system in SYSTEMS:
        versions = [platform.version(system.name) for platform in platforms]
        if any(versions):
            lines.append([system.label or system.name, *versions])
    yield '## Machines and versions'
    yield ''
    yield from tables.table(['', *(platform.title for platform in platforms)], lines)
    left_out = [
        f'- {platform.title}, left out: {name} {reason}'
        for platform in platforms
        for name, reason in platform.machine.get('left_out', {}).items()
    ]
    if left_out:
        yield from left_out
        yield ''


def scenario_lines(scenario, module, platforms, document):
    """The section of a scenario."""
    measured = [
        case for case in module.CASES
        if any(platform.has(scenario, case.name) for platform in platforms)
    ]
    if not measured:
        return
    first, _, rest = inspect.getdoc(module).partition('\n')
    yield f'## {first.split(":")[0].rstrip(".")}'
    yield ''
    if ':' in first:
        yield first
        yield ''
    if rest.strip():
        yield rest.strip()
        yield ''
    picture = document.parent / document.stem / f'{scenario}.svg'
    if plots.draw(scenario, measured, platforms, picture):
        yield f'![{first}]({document.stem}/{picture.name})'
        yield ''
    for case in measured:
        yield f'### {case.name}'
        yield ''
        if case.note:
            yield case.note[0].upper() + case.note[1:] + '.'
            yield ''
        yield from tables.case_table(scenario, case, platforms)
        notes = [
            *tables.bound_lines(scenario, case, platforms),
            *tables.failure_notes(scenario, case, platforms),
        ]
        if notes:
            yield from notes
            yield ''


def main():
    arguments = parse_arguments()
    platforms = results.read(arguments.results)
    if not platforms:
        print(f'report.py: no results in {arguments.results}', file=sys.stderr)
        return 1
    document = arguments.document
    document.parent.mkdir(parents=True, exist_ok=True)
    scenarios = load_scenarios()
    lines = [INTRODUCTION, *machines(platforms), '## Aims', '']
    lines += tables.summary_table(scenarios, platforms)
    for scenario, module in scenarios.items():
        lines += scenario_lines(scenario, module, platforms, document)
    document.write_text('\n'.join(lines).rstrip() + '\n', encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
