#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Count the instructions of fixed scenarios, and compare with what was recorded.

Time can't be judged on a machine that does other things meanwhile; the number of instructions
that callgrind counts is the same each time. The output is TAP, with one line per scenario: more
than TOLERANCE over the recorded figure is a failure. What was recorded is of one platform, that is
versions of Python and GLib and a kind of processor: where there is no record all is skipped.
"""

import argparse
import json
import os
import pathlib
import platform
import resource
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / 'recorded.json'
TOLERANCE = 0.05
N_DESCRIPTORS = 4096


class CantCount(Exception):
    """There is something missing here."""


def get_platform():
    from gi.repository import GLib

    return (
        f'Python {platform.python_version()}, '
        f'GLib {GLib.MAJOR_VERSION}.{GLib.MINOR_VERSION}.{GLib.MICRO_VERSION}, '
        f'{platform.machine()}'
    )


def works(*command):
    try:
        return subprocess.run([*command, 'true'], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def raise_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < N_DESCRIPTORS:
        raise CantCount(f'{N_DESCRIPTORS} open files are needed, {hard} are allowed')
    resource.setrlimit(resource.RLIMIT_NOFILE, (N_DESCRIPTORS, hard))


def read_counts(directory):
    """The figures by the scenario's name, which stands in the file that callgrind wrote of it."""
    counts = {}
    for path in directory.iterdir():
        name = total = None
        with path.open(encoding='utf-8', errors='replace') as lines:
            for line in lines:
                key, _, value = line.partition(': ')
                if key == 'desc' and value.startswith('Trigger: Client Request: '):
                    name = value.rpartition(': ')[2].strip()
                elif key in ('summary', 'totals'):
                    total = int(value)
        if name is not None and total is not None:
            counts[name] = total
    return counts


def get_environment():
    """The environment less what would change the figures."""
    drop = {'MALLOC_PERTURB_', 'AIOGUEST_TICK', 'AIOGUEST_POLL_MODE', 'AIOGUEST_DEBUG'}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    return kept | {'PYTHONHASHSEED': '0', 'PYTHONDONTWRITEBYTECODE': '1'}


def count(marks, system='aioguest', only=()):
    """Run the scenarios once."""
    # Where the process may not do without randomised addresses, it has them.
    fixed = ['setarch', '-R'] if works('setarch', '-R') else []
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.run(
            [
                *fixed,
                *['valgrind', '-q', '--tool=callgrind', '--instr-atstart=no'],
                f'--callgrind-out-file={directory}/out',
                *[sys.executable, str(HERE / 'scenarios.py'), marks, system, *only],
            ],
            stdout=sys.stderr,
            env=get_environment(),
        )
        if process.returncode != 0:
            raise SystemExit(f'the scenarios failed with status {process.returncode}')
        return read_counts(pathlib.Path(directory))


def read_record():
    return json.loads(RECORD.read_text()) if RECORD.exists() else {}


def compare(counts, recorded):
    names = sorted(counts.keys() | recorded.keys())
    print(f'1..{len(names)}')
    failed = 0
    for i, name in enumerate(names, 1):
        now, then = counts.get(name), recorded.get(name)
        if now is None or then is None:
            failed += 1
            print(f'not ok {i} - {name}: {"not counted" if now is None else "not recorded"}')
            continue
        change = now / then - 1
        failed += change > TOLERANCE
        print(
            f'{"not ok" if change > TOLERANCE else "ok"} {i} - {name}: '
            f'{now} instructions, {change:+.1%}'
        )
        if change < -TOLERANCE:
            print(f'# {name} has become cheaper: record it, so that it stays so')
    if failed:
        print('# If there is a reason: meson compile -C BUILD record-instructions')
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('marks', help='the library made of marks.c')
    parser.add_argument('--record', action='store_true', help='write down the figures')
    parser.add_argument('--skip', metavar='REASON', help='count nothing, for this reason')
    parser.add_argument('--system', choices=('aioguest', 'asyncio'), help='print the figures')
    parser.add_argument('only', nargs='*', metavar='SCENARIO')
    options = parser.parse_args()

    key = get_platform()
    record = read_record()
    try:
        if options.skip:
            raise CantCount(options.skip)
        if not works('valgrind', '-q', '--tool=none'):
            raise CantCount('valgrind is missing, or does not work here')
        if key not in record and not (options.record or options.system):
            raise CantCount(f'nothing is recorded for {key}')
        raise_limit()
    except CantCount as error:
        print(f'1..0 # SKIP {error}')
        return 1 if options.record else 0

    counts = count(options.marks, options.system or 'aioguest', options.only)
    if options.system:
        for name, number in counts.items():
            print(f'{name:20} {number:12}')
        return 0
    if options.record:
        record[key] = counts
        RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + '\n')
        print(f'{RECORD}: {len(counts)} figures for {key}')
        return 0
    return compare(counts, record[key])


if __name__ == '__main__':
    sys.exit(main())
