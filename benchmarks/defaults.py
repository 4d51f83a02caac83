# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Which slice and which period are good defaults: a sweep over both.

A table in Markdown goes to the standard output, or into the file of ``--output``. For each pair:

- *frames*, *longest gap* and *throughput* beside the two floods of ``scenarios/fairness.py``; the
  throughput as a ratio to plain asyncio's on the same flood;
- *late*: by how much timeouts of the host, every 10 ms at the default priority, are late beside the
  ``sleep(0)`` flood (the 95th percentile): what a click has to wait for its handler;
- *share*: the part of the time that a guest with endless work gets beside a host that never rests,
  which calls back for a millisecond at a time at the default priority; one slice per period by
  construction, unless the two can't keep it.

Each measurement is alone in its process; the pairs take turns, so that what else the machine does
falls on all of them.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
import types

import machine
from scenarios import fairness

# Milliseconds. What is default now is varied in one of the two at a time.
SLICES = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
PERIODS = (1.0, 2.0, 5.0, 10.0, 20.0)
DEFAULT_SLICE = 1.0
DEFAULT_PERIOD = 5.0
PAIRS = [
    *((slice_ms, DEFAULT_PERIOD) for slice_ms in SLICES),
    *((DEFAULT_SLICE, period_ms) for period_ms in PERIODS if period_ms != DEFAULT_PERIOD),
]
FLOODS = {'sleep(0)': fairness.Sleepers, 'readable': fairness.Readers}
LIMIT_S = 300


async def beside_flood(name, seconds, is_guest):
    host = types.SimpleNamespace(is_guest=is_guest)
    return await fairness.paint_beside(FLOODS[name](), host, asyncio.sleep, seconds)


async def late_timeouts(seconds):
    from gi.repository import GLib

    late = []
    over = asyncio.Event()
    end = time.monotonic() + seconds

    def arm():
        due = time.monotonic() + 0.01
        GLib.timeout_add(10, called, due)

    def called(due):
        late.append(time.monotonic() - due)
        # Of one there are no quantiles.
        if due < end or len(late) < 2:
            arm()
        else:
            over.set()
        return GLib.SOURCE_REMOVE

    flood = fairness.Sleepers()
    flood.start()
    arm()
    await over.wait()
    flood.stop()
    return {'late': statistics.quantiles(late, n=20)[-1] * 1e3}


async def beside_busy_host(seconds):
    from gi.repository import AioGuest, GLib

    def burn():
        end = time.perf_counter() + 0.001
        while time.perf_counter() < end:
            pass
        return GLib.SOURCE_CONTINUE

    flood = fairness.Sleepers()
    flood.start()
    run = AioGuest.get_run()
    busy = GLib.idle_add(burn, priority=GLib.PRIORITY_DEFAULT)
    start = time.monotonic()
    before = run.props.busy_time
    while time.monotonic() < start + seconds:
        await asyncio.sleep(0)
    share = (run.props.busy_time - before) / 1e6 / (time.monotonic() - start)
    GLib.source_remove(busy)
    flood.stop()
    return {'share': share * 100}


async def measure(slice_ms, period_ms, seconds):
    from gi.repository import AioGuest

    run = AioGuest.get_run()
    run.props.slice = round(slice_ms * 1000)
    run.props.period = round(period_ms * 1000)
    figures = {
        f'{name} {key}': value
        for name in FLOODS
        for key, value in (await beside_flood(name, seconds, True)).items()
    }
    return figures | await late_timeouts(seconds) | await beside_busy_host(seconds)


async def measure_asyncio(seconds):
    return {
        f'{name} throughput': (await beside_flood(name, seconds, False))['throughput']
        for name in FLOODS
    }


def child(arguments):
    if arguments.child == 'asyncio':
        figures = asyncio.run(measure_asyncio(arguments.seconds))
    else:
        import gi

        gi.require_version('AioGuest', '1.0')
        from gi.repository import AioGuest

        slice_ms, period_ms = map(float, arguments.child.split('/'))
        figures = AioGuest.run(measure(slice_ms, period_ms, arguments.seconds))
    print(json.dumps(figures))


def in_process(what, seconds):
    done = subprocess.run(
        [sys.executable, __file__, '--child', what, '--seconds', str(seconds)],
        stdout=subprocess.PIPE, text=True, timeout=LIMIT_S, check=True,
    )
    return json.loads(done.stdout)


def sweep(pairs, rounds, seconds):
    """The medians: of asyncio, and of each pair."""
    names = ['asyncio', *(f'{a}/{b}' for a, b in pairs)]
    all_figures = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            print(f'round {number + 1} of {rounds}: {name}', file=sys.stderr)
            all_figures[name].append(in_process(name, seconds))
    return {
        name: {key: statistics.median(f[key] for f in figures) for key in figures[0]}
        for name, figures in all_figures.items()
    }


def table(pairs, medians):
    """The rows of the pairs, in Markdown."""
    flood_heads = [f'{key}, {name}' for name in FLOODS for key in ('frames', 'gap', 'throughput')]
    heads = ['slice', 'period', *flood_heads, 'late', 'share']
    lines = ['| ' + ' | '.join(heads) + ' |', '| ' + ' | '.join(['---'] * len(heads)) + ' |']
    for slice_ms, period_ms in pairs:
        figures = medians[f'{slice_ms}/{period_ms}']
        cells = [f'{slice_ms:g} ms', f'{period_ms:g} ms']
        for name in FLOODS:
            ratio = figures[f'{name} throughput'] / medians['asyncio'][f'{name} throughput']
            cells += [
                f"{figures[f'{name} frames']:.0f} %",
                f"{figures[f'{name} longest gap']:.0f} ms",
                f'{ratio:.2f}',
            ]
        cells += [f"{figures['late']:.1f} ms", f"{figures['share']:.0f} %"]
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def machine_line():
    told = machine.describe('sweep')
    return (
        f"{told['name']}, {told['processor']}, {told['cores']} cores, Linux {told['kernel']}, "
        f"Python {told['python']}, PyGObject {told['pygobject']}, GLib {told['glib']}; "
        f"revision {told['revision']}, {told['date']}, load {told['load']} at the end.\n"
    )


def main():
    parser = argparse.ArgumentParser(description='Sweep over slices and periods.')
    parser.add_argument('--seconds', type=float, default=1.0, help='per measurement')
    parser.add_argument('--rounds', type=int, default=3, help='of which the median is taken')
    parser.add_argument('--pairs', help='SLICE/PERIOD,... in ms, instead of the usual ones')
    parser.add_argument('--output', help='write there instead of to the standard output')
    parser.add_argument('--child', help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments)
        return
    pairs = PAIRS
    if arguments.pairs:
        pairs = [tuple(map(float, pair.split('/'))) for pair in arguments.pairs.split(',')]
    medians = sweep(pairs, arguments.rounds, arguments.seconds)
    text = table(pairs, medians) + '\n' + machine_line()
    if arguments.output:
        with open(arguments.output, 'w', encoding='utf-8') as file:
            file.write(text)
    else:
        print(text, end='')


if __name__ == '__main__':
    main()
