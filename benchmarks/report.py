# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Makes the document of all results that there are: ``report.py --results DIR --document FILE``.

With ``--readme FILE`` what is there between two marks is made anew, too, of the first platform's.
"""

import argparse
import inspect
import sys
from pathlib import Path

import headlines
import plots
import results
import tables
from cases import load_scenarios
from environments import PADDINGS
from ratios import CERTAIN, PER_ENVIRONMENT
from systems import OURS, SYSTEMS

INTRODUCTION = f"""\
# Performance

Made by `benchmarks/run.sh`; whatever is changed here is lost at its next run.

What you gain or lose with AioGuest: its rate as a ratio to asyncio alone (`asyncio.run()`) and to
uvloop alone, on the same work and in the same minutes, with the C library's malloc as it is. The first
figure is the median, the one in parentheses that of the worst environment, of {len(PADDINGS)} that differ only
in how large the environment and the program are. *Worst of best* is AioGuest's rate in its worst
environment as a share of that in its best one.
"""

METHOD = f"""\
Each measurement is made by a process of its own, the systems take turns, and the figures are medians
with the smallest and largest in parentheses. **×** is the ratio to asyncio alone, whether more is better
or less: the median of the ratios of the rounds. **±** is its standard error; a ratio that has an aim is
measured until that is {CERTAIN:.0%} of it, or time is up. A system that does not get done "stalls", one
that ends by an exception or a signal "crashes". What a system can't do by its nature is left out.

*Environments.* asyncio's transports ask for 256 KiB at each read. Whether malloc maps that memory, and
gives it back after the read, depends on what lies where in the heap, and that is shifted by anything:
the size of the environment, or what Python needed to compile the main program. The processes of a round
have an environment and a program of the same size, of {len(PADDINGS)} sizes; what reads from sockets or pipes is
measured in all of them. Where an aim is for the worst environment, each has up to {PER_ENVIRONMENT} rounds, of which
the median counts. *With raised thresholds* the variables `MALLOC_MMAP_THRESHOLD_`, `MALLOC_TRIM_THRESHOLD_`
and `MALLOC_TOP_PAD_` keep malloc from mapping and giving back.

*Counts.* *faults* are page faults of the measured process for each operation. *calls* are system calls of
the thread that runs the loop for each operation, *maps* are those of them that map memory or give it
back, both counted in runs of their own under `strace`.

Aims are for AioGuest as a user gets it: native tick, direct poll mode (`{OURS}`).
"""

BEGIN = '<!-- made by benchmarks/report.py: what is changed here is lost -->'
END = '<!-- end of what is made by benchmarks/report.py -->'


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--results', type=Path, required=True, help='where the *.jsonl are')
    parser.add_argument('--document', type=Path, required=True, help='the Markdown file')
    parser.add_argument('--readme', type=Path, help='the file with a table between two marks')
    return parser.parse_args()


def say(text):
    print(f'report.py: {text}', file=sys.stderr)


def folded(summary, lines):
    """*lines* below a line that unfolds them."""
    yield '<details>'
    yield f'<summary>{summary}</summary>'
    yield ''
    yield from lines
    yield '</details>'
    yield ''


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
        ('system calls', lambda m: f'not counted: {m["untraced"]}' if m['untraced'] else 'counted'),
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
    yield from tables.table(['', *(platform.title for platform in platforms)], lines)
    left_out = [
        f'- {platform.title}, left out: {name} {reason}'
        for platform in platforms
        for name, reason in platform.machine.get('left_out', {}).items()
    ]
    if left_out:
        yield from left_out
        yield ''


def aims(scenarios, platforms):
    """How many are met, those that are not, and all of them folded away."""
    rows = list(tables.aim_rows(scenarios, platforms))
    judged = [verdict.is_met for _, found in rows for verdict in found if verdict.is_met is not None]
    missed = [row for row, found in rows if any(verdict.is_met is False for verdict in found)]
    told = f'{sum(judged)} of {len(judged)} are met.'
    if missed:
        told += ' These are not; [what limits them](performance-limits.md) is a page of its own.'
    yield told
    yield ''
    if missed:
        yield from tables.aims_table(missed, platforms)
    yield from folded('All aims', tables.aims_table([row for row, _ in rows], platforms))


def scenario_lines(scenario, module, platforms, document):
    """The section of a scenario, folded away."""
    measured = [
        case for case in module.CASES
        if any(platform.has(scenario, case.name) for platform in platforms)
    ]
    if not measured:
        return []
    text = inspect.getdoc(module)
    title = text.partition('\n')[0].split(':')[0].rstrip('.')
    return folded(title, _inside(scenario, text, measured, platforms, document))


def _inside(scenario, text, cases, platforms, document):
    yield text
    yield ''
    picture = document.parent / document.stem / f'{scenario}.svg'
    if plots.draw(scenario, cases, platforms, picture):
        title = text.partition('\n')[0]
        yield f'![{title}]({document.stem}/{picture.name})'
        yield ''
    for case in cases:
        yield f'### {case.name}'
        yield ''
        if case.note:
            yield case.note[0].upper() + case.note[1:] + '.'
            yield ''
        yield from tables.case_tables(scenario, case, platforms)
        notes = [
            *tables.spread_lines(scenario, case, platforms),
            *tables.bound_lines(scenario, case, platforms),
            *tables.failure_notes(scenario, case, platforms),
        ]
        if notes:
            yield from notes
            yield ''


def write_document(document, scenarios, platforms):
    lines = [
        INTRODUCTION,
        *headlines.gains_table(scenarios, platforms),
        'Beside that:',
        '',
        *headlines.values_table(scenarios, platforms),
        '## Aims',
        '',
        *aims(scenarios, platforms),
        '## Details',
        '',
        *folded('How it is measured', [METHOD]),
        *folded('Machines and versions', machines(platforms)),
    ]
    for scenario, module in scenarios.items():
        lines += scenario_lines(scenario, module, platforms, document)
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text('\n'.join(lines).rstrip() + '\n', encoding='utf-8')


def write_readme(readme, scenarios, platform):
    """Whether there was a place for it."""
    text = readme.read_text(encoding='utf-8')
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return False
    block = '\n'.join(headlines.readme_block(scenarios, platform))
    readme.write_text(f'{before}{begin}\n\n{block}\n{end}{after}', encoding='utf-8')
    return True


def read_all(folder):
    """The platforms whose results are in *folder*; those that can't be used are said."""
    platforms = []
    for path in sorted(folder.glob('*.jsonl')):
        try:
            platforms.append(results.read(path))
        except results.OldFormat as error:
            say(f'left out: {error}')
    return platforms


def main():
    arguments = parse_arguments()
    platforms = read_all(arguments.results)
    if not platforms:
        say(f'no results in {arguments.results}')
        return 1
    scenarios = load_scenarios()
    write_document(arguments.document, scenarios, platforms)
    if arguments.readme and not write_readme(arguments.readme, scenarios, platforms[0]):
        say(f'no marks in {arguments.readme}')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
