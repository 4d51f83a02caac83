# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the measurements, each in a process of its own, and writes JSON lines.

Systems are interleaved: within a round each case is measured once on each system, so what else
the machine does meets all of them. All processes of a round have the same size of environment and
program, and each round has another size. A system that stalls or crashes twice at a case is not tried a third
time. The measurements come in this order, and each part goes on only as long as there is time:

1. Rounds with malloc's defaults. Cases that read from sockets or pipes have as many rounds as there are
   sizes of environments, the others fewer; after a few rounds only the systems go on that aims relate to.
2. Of the cases that read, rounds with malloc's thresholds raised.
3. Of these, a round under strace for each environment, for the numbers of system calls.
4. More rounds of the cases whose ratio, or whose worst environment, is not certain enough for their aim
   to be judged, of the systems that these aims relate to: what a ratio comes to has no part in how often
   it is measured.
"""

import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import environments
import machine
import ratios
import tracing
from cases import load_scenarios
from environments import DEFAULTS, PADDINGS, RAISED
from systems import NO_LOOP, OURS, SYSTEMS

HERE = Path(__file__).resolve().parent

#: Seconds after which there is no third or later round of what needs no round in each environment.
BUDGET = 1500

#: Of the cases that are not certain: rounds in all, and seconds after which no more are begun.
MOST_ROUNDS = 32
BUDGET_FOR_CERTAINTY = 600

#: For each measured process; without PYTHONPYCACHEPREFIX nothing is written.
VARIABLES = {'PYTHONHASHSEED': '0'}

#: strace makes everything slower.
TRACED_LIMIT_FACTOR = 4


@dataclasses.dataclass(frozen=True)
class Rounds:
    """How many rounds of what there are."""

    #: Of cases that read, and of the others, with malloc's defaults.
    reading: int
    other: int
    #: Systems that no aim relates to take part in so many of them.
    peers: int
    raised: int
    traced: int
    #: Of what is not certain, in all; 0 for none.
    most: int


ROUNDS = {
    'full': Rounds(len(PADDINGS), 5, 2, 3, len(PADDINGS), MOST_ROUNDS),
    'quick': Rounds(2, 1, 1, 1, 1, 0),
    'tiny': Rounds(1, 1, 1, 0, 0, 0),
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, required=True, help='the file of JSON lines')
    parser.add_argument('--size', choices=('full', 'quick', 'tiny'), default='full')
    parser.add_argument('--rounds', type=int, help='rounds of each case')
    parser.add_argument('--raised-rounds', type=int, help='rounds with raised thresholds')
    parser.add_argument('--traced-rounds', type=int, help='rounds under strace')
    parser.add_argument('--bytecode', type=Path, metavar='DIR',
                        help='where the measured processes keep what they have compiled')
    parser.add_argument('--only', action='append', default=[], metavar='NAME',
                        help='scenarios (or cases) with this in their name')
    parser.add_argument('--system', action='append', default=[], metavar='NAME',
                        help='only these systems')
    parser.add_argument('--unprobed', action='store_true',
                        help='do not try first whether the systems start here')
    parser.add_argument('--python', action='append', default=[], metavar='ENVIRONMENT=PATH',
                        help='the interpreter of an environment')
    arguments = parser.parse_args()
    rounds = ROUNDS[arguments.size]
    if arguments.rounds:
        rounds = dataclasses.replace(
            rounds, reading=arguments.rounds, other=arguments.rounds, most=0,
            peers=min(rounds.peers, arguments.rounds),
        )
    if arguments.raised_rounds is not None:
        rounds = dataclasses.replace(rounds, raised=arguments.raised_rounds)
    if arguments.traced_rounds is not None:
        rounds = dataclasses.replace(rounds, traced=arguments.traced_rounds)
    arguments.rounds = rounds
    arguments.pythons = dict(item.split('=', 1) for item in arguments.python)
    arguments.pythons.setdefault('default', sys.executable)
    return arguments


def last_words(text):
    """What a dead process said: its exception if it told of one, else its last line."""
    lines = text.strip().splitlines()
    exceptions = [line for line in lines if re.match(r'[\w.]*(Error|Exception|Interrupt|Exit)\b', line)]
    return (exceptions or lines or [''])[-1][:300]


def say(text):
    print(text, file=sys.stderr, flush=True)


class Driver:
    def __init__(self, arguments, output):
        self.arguments = arguments
        self.output = output
        self.failures = {}
        #: {(scenario, case, variant): {figure: {system: {round: value}}}}
        self.values = {}
        self.spent = {}
        self.platform = machine.platform()
        self.versions = {}
        self.left_out = {}

    def child(self, python, system, arguments, limit, variables, prefix=()):
        """Run child.py with these *variables*; the result's object, with a status."""
        environment = dict(os.environ)
        # Neither optional checks nor what the caller's shell wants of asyncio.
        for name in ('PYTHONASYNCIODEBUG', 'PYTHONDEVMODE', 'PYTHONWARNINGS', 'G_DEBUG'):
            environment.pop(name, None)
        environment.update(VARIABLES)
        if self.arguments.bytecode:
            environment['PYTHONPYCACHEPREFIX'] = str(self.arguments.bytecode)
            environment.pop('PYTHONDONTWRITEBYTECODE', None)
        else:
            environment['PYTHONDONTWRITEBYTECODE'] = '1'
        environment.update(variables)
        if system is not None:
            environment.update(system.variables)
        try:
            done = subprocess.run(
                [*prefix, python, str(HERE / 'child.py'), *arguments],
                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, timeout=limit,
            )
        except subprocess.TimeoutExpired:
            return {'status': 'stalls', 'detail': f'not done after {limit:g} s'}
        except OSError as error:
            return {'status': 'crashes', 'detail': str(error)}
        if done.returncode != 0:
            detail = last_words(done.stderr)
            if done.returncode < 0:
                detail = f'signal {-done.returncode}; {detail}'
            return {'status': 'crashes', 'detail': detail}
        try:
            result = json.loads(done.stdout.strip().splitlines()[-1])
        except (IndexError, ValueError):
            return {'status': 'crashes', 'detail': 'no result printed'}
        if 'unavailable' in result:
            return {'status': 'unavailable', 'detail': result['unavailable']}
        result['status'] = 'ok'
        return result

    def find_systems(self):
        """Sees which systems start here, and with which versions."""
        for system in SYSTEMS:
            if self.arguments.system and system.name not in self.arguments.system:
                continue
            python = self.arguments.pythons.get(system.environment)
            if python is None:
                say(f'skipped: {system.name}: no environment "{system.environment}"')
                continue
            if self.arguments.unprobed:
                self.versions[system] = ''
                continue
            result = self.child(python, system, ['--probe', system.name], 60, {})
            if result['status'] != 'ok':
                reason = f'{result["status"]} at its start: {result["detail"]}'
                say(f'skipped: {system.name} {reason}')
                self.left_out[system.name] = reason
                continue
            self.versions[system] = result['version']

    def write(self, scenario, case, system, variant, repetition, figure, value, result):
        record = {
            'scenario': scenario,
            'case': case.name,
            'figure': figure,
            'system': system.name if system else NO_LOOP,
            'tick': system.tick if system else None,
            'poll_mode': system.poll_mode if system else None,
            'variant': variant,
            'padding': environments.padding_of(repetition),
            'status': result['status'],
            'value': value,
            'unit': case.unit_of(figure),
            'repetition': repetition,
            'size': self.arguments.size,
        }
        if result.get('detail'):
            record['detail'] = result['detail']
        for field in 'cpu', 'waited':
            if result.get(field) is not None:
                record[field] = round(result[field], 3)
        record['one_core'] = case.one_core
        record['load'] = round(os.getloadavg()[0], 2)
        record['version'] = self.versions.get(system, '')
        record['platform'] = self.platform
        self.output.write(json.dumps(record) + '\n')
        self.output.flush()

    def run_child(self, scenario, case, system, size, limit, variables, prefix=()):
        start = time.monotonic()
        name = system.name if system else NO_LOOP
        environment = system.environment if system else 'default'
        result = self.child(
            self.arguments.pythons[environment], system,
            [name, scenario, case.name, json.dumps(case.parameters_for(size))],
            limit, variables, prefix,
        )
        self.spent[scenario] = self.spent.get(scenario, 0) + time.monotonic() - start
        return result

    def is_given_up(self, scenario, case, system):
        return self.failures.get((scenario, case.name, system), 0) >= 2

    def measure(self, scenario, case, system, repetition, variant=DEFAULTS):
        if self.is_given_up(scenario, case, system):
            return
        size = self.arguments.size
        result = self.run_child(
            scenario, case, system, size, case.limit_for(size),
            environments.variables(variant, repetition),
        )
        if result['status'] == 'ok':
            shown = self.keep(scenario, case, system, variant, repetition, result)
        else:
            shown = f'{result["status"]}: {result["detail"]}'
            key = scenario, case.name, system
            self.failures[key] = 2 if result['status'] == 'unavailable' else (
                self.failures.get(key, 0) + 1)
            self.write(scenario, case, system, variant, repetition, '', None, result)
        self.say_what(scenario, case, system, variant, repetition, shown)

    def trace(self, scenario, case, system, repetition):
        """Writes how many system calls an operation takes; nothing if that can't be had."""
        if self.is_given_up(scenario, case, system):
            return
        variables = environments.variables(DEFAULTS, repetition) | tracing.VARIABLES
        # What is counted needs no long time.
        size = 'quick' if self.arguments.size == 'full' else self.arguments.size
        with tempfile.NamedTemporaryFile('r', prefix='aioguest-strace-') as log:
            result = self.run_child(
                scenario, case, system, size, case.limit_for(size) * TRACED_LIMIT_FACTOR,
                variables, tracing.command(log.name),
            )
            counts = tracing.count(log) if result['status'] == 'ok' else None
        if counts is None:
            shown = result.get('detail', 'not marked')
        else:
            result = {'status': 'ok', 'values': counts}
            shown = self.keep(scenario, case, system, DEFAULTS, repetition, result)
        self.say_what(scenario, case, system, 'strace', repetition, shown)

    def keep(self, scenario, case, system, variant, repetition, result):
        """Keep and write the figures; what to show of them."""
        name = system.name if system else NO_LOOP
        figures = self.values.setdefault((scenario, case.name, variant), {})
        for figure, value in result['values'].items():
            figures.setdefault(figure, {}).setdefault(name, {})[repetition] = value
            self.write(scenario, case, system, variant, repetition, figure, value, result)
        return ', '.join(f'{k + " " if k else ""}{v:.6g}' for k, v in result['values'].items())

    def say_what(self, scenario, case, system, variant, repetition, shown):
        name = system.name if system else NO_LOOP
        of = '' if variant == DEFAULTS else f', {variant}'
        say(f'{repetition}{of} {scenario}/{case.name} [{name}]: {shown}')

    def wanted(self, scenario, case):
        return not self.arguments.only or any(
            text in (scenario, case.name) or text in case.name for text in self.arguments.only
        )

    def systems_for(self, case, peers=True):
        """The systems that take part; without *peers* those only that aims relate to."""
        for system in self.versions:
            if case.systems is not None and system.name not in case.systems:
                continue
            if case.needs_host and not system.is_guest:
                continue
            if system.flavour == 'trio' and case.trio is None:
                continue
            if peers or system.every_round:
                yield system
        if case.no_loop is not None and not self.arguments.system:
            yield None

    def run_rounds(self, cases):
        start = time.monotonic()
        rounds = self.arguments.rounds
        for repetition in range(1, max(rounds.reading, rounds.other) + 1):
            for scenario, case in cases:
                usual = rounds.reading if case.reads else rounds.other
                if repetition > min(usual, case.rounds or usual):
                    continue
                if repetition > 2 and not case.reads and time.monotonic() > start + BUDGET:
                    say(f'no time for round {repetition} of {scenario}/{case.name}')
                    continue
                for system in self.systems_for(case, repetition <= rounds.peers):
                    self.measure(scenario, case, system, repetition)

    def run_raised(self, cases):
        for repetition in range(1, self.arguments.rounds.raised + 1):
            for scenario, case in cases:
                if case.reads:
                    for system in self.systems_for(case, peers=False):
                        self.measure(scenario, case, system, repetition, RAISED)

    def run_traced(self, cases):
        for repetition in range(1, self.arguments.rounds.traced + 1):
            for scenario, case in cases:
                if case.reads:
                    for system in self.systems_for(case, peers=False):
                        # What others do in each environment is not judged.
                        if repetition == 1 or (system and system.name == OURS):
                            self.trace(scenario, case, system, repetition)

    def uncertain(self, scenario, case, variant):
        """The names of the systems of which more rounds are needed for the aims to be judged."""
        found = set()
        for figure, values in self.values.get((scenario, case.name, variant), {}).items():
            for aim in case.aims_of(figure):
                if aim.variant != variant or OURS not in values:
                    continue
                if aim.what == 'ratio' and aim.to in values:
                    if ratios.error(ratios.pair(values[OURS], values[aim.to])) > ratios.CERTAIN:
                        found |= {OURS, aim.to}
                elif aim.what == 'spread' and len(values[OURS]) < ratios.PER_ENVIRONMENT * len(PADDINGS):
                    found.add(OURS)
        return found

    def run_until_certain(self, cases):
        start = time.monotonic()
        rounds = self.arguments.rounds
        for repetition in range(max(rounds.reading, rounds.other) + 1, rounds.most + 1):
            for scenario, case in cases:
                for variant in environments.VARIANTS:
                    names = self.uncertain(scenario, case, variant)
                    if not names:
                        continue
                    if time.monotonic() > start + BUDGET_FOR_CERTAINTY:
                        say(f'not certain for want of time: {scenario}/{case.name}, {variant}')
                        continue
                    systems = [
                        system for system in self.systems_for(case, peers=False)
                        if (system.name if system else NO_LOOP) in names
                    ]
                    # None of them always comes after the others.
                    for system in systems[::-1] if repetition % 2 else systems:
                        self.measure(scenario, case, system, repetition, variant)

    def run(self):
        """Whether there was anything to do."""
        cases = [
            (scenario, case)
            for scenario, module in load_scenarios().items()
            for case in module.CASES
            if self.wanted(scenario, case)
        ]
        if not cases:
            return False
        self.find_systems()
        reason = tracing.why_not() if self.arguments.rounds.traced else 'not asked for'
        described = machine.describe(self.arguments.size) | {
            'left_out': self.left_out, 'untraced': reason,
        }
        self.output.write(json.dumps({'machine': described}) + '\n')
        self.run_rounds(cases)
        self.run_raised(cases)
        if reason:
            say(f'skipped: system calls: {reason}')
        else:
            self.run_traced(cases)
        self.run_until_certain(cases)
        for scenario, seconds in self.spent.items():
            say(f'spent {seconds:.0f} s on {scenario}')
        return True


def main():
    arguments = parse_arguments()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    with open(arguments.output, 'w', encoding='utf-8') as output:
        if not Driver(arguments, output).run():
            say('nothing of that name')
            return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
