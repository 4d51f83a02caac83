# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the measurements, each in a process of its own, and writes JSON lines.

Systems are interleaved: within a round each case is measured once on each system, so what else
the machine does meets all of them. A system that stalls or crashes twice at a case is not tried a
third time. Two rounds are made in any case; more only as long as there is time. Then come more rounds
of AioGuest and asyncio alone, for the cases whose ratio is not certain enough for their aim to be
judged: what a ratio comes to has no part in how often it is measured.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import machine
import ratios
from cases import load_scenarios
from systems import BASELINE, NO_LOOP, OURS, SYSTEMS

HERE = Path(__file__).resolve().parent

#: Seconds after which no third or later round goes on.
BUDGET = 660

#: Of the cases whose ratio is not certain: rounds in all, and seconds after which no more are begun.
MOST_ROUNDS = 25
BUDGET_FOR_CERTAINTY = 1080

#: For each measured process. asyncio's transports ask for 256 KiB at each read. With malloc's
#: defaults it is a matter of luck, that is of what has been allocated and freed before, whether each
#: of these maps and unmaps memory, which makes an echo four times as slow. Never is the same for all.
VARIABLES = {
    'MALLOC_MMAP_THRESHOLD_': str(8 * 2**20),
    'MALLOC_TRIM_THRESHOLD_': str(16 * 2**20),
    'MALLOC_TOP_PAD_': str(2**20),
    'PYTHONDONTWRITEBYTECODE': '1',
    'PYTHONHASHSEED': '0',
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, required=True, help='the file of JSON lines')
    parser.add_argument('--size', choices=('full', 'quick', 'tiny'), default='full')
    parser.add_argument('--rounds', type=int, help='rounds of AioGuest and asyncio')
    parser.add_argument('--peer-rounds', type=int, help='rounds of the other systems')
    parser.add_argument('--only', action='append', default=[], metavar='NAME',
                        help='scenarios (or cases) with this in their name')
    parser.add_argument('--system', action='append', default=[], metavar='NAME',
                        help='only these systems')
    parser.add_argument('--python', action='append', default=[], metavar='ENVIRONMENT=PATH',
                        help='the interpreter of an environment')
    arguments = parser.parse_args()
    rounds, peer_rounds = {'full': (5, 3), 'quick': (1, 1), 'tiny': (1, 1)}[arguments.size]
    full = arguments.size == 'full' and not arguments.rounds
    arguments.most_rounds = MOST_ROUNDS if full else 0
    arguments.rounds = arguments.rounds or rounds
    arguments.peer_rounds = arguments.peer_rounds or min(peer_rounds, arguments.rounds)
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
        #: {(scenario, case): {figure: {system: {round: value}}}}
        self.values = {}
        self.spent = {}
        self.platform = machine.platform()
        self.versions = {}
        self.left_out = {}

    def child(self, python, system, arguments, limit):
        """Run child.py; the result's object, with a status."""
        environment = dict(os.environ)
        # Neither optional checks nor what the caller's shell wants of asyncio.
        for name in ('PYTHONASYNCIODEBUG', 'PYTHONDEVMODE', 'PYTHONWARNINGS', 'G_DEBUG'):
            environment.pop(name, None)
        environment.update(VARIABLES)
        if system is not None:
            environment.update(system.variables)
        try:
            done = subprocess.run(
                [python, str(HERE / 'child.py'), *arguments],
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
            result = self.child(python, system, ['--probe', system.name], 60)
            if result['status'] != 'ok':
                reason = f'{result["status"]} at its start: {result["detail"]}'
                say(f'skipped: {system.name} {reason}')
                self.left_out[system.name] = reason
                continue
            self.versions[system] = result['version']

    def write(self, scenario, case, system, repetition, figure, value, result):
        record = {
            'scenario': scenario,
            'case': case.name,
            'figure': figure,
            'system': system.name if system else NO_LOOP,
            'tick': system.tick if system else None,
            'poll_mode': system.poll_mode if system else None,
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

    def measure(self, scenario, case, system, repetition):
        name = system.name if system else NO_LOOP
        key = scenario, case.name, name
        if self.failures.get(key, 0) >= 2:
            return
        start = time.monotonic()
        environment = system.environment if system else 'default'
        result = self.child(
            self.arguments.pythons[environment], system,
            [name, scenario, case.name, json.dumps(case.parameters_for(self.arguments.size))],
            case.limit_for(self.arguments.size),
        )
        self.spent[scenario] = self.spent.get(scenario, 0) + time.monotonic() - start
        if result['status'] == 'ok':
            shown = ', '.join(f'{k + " " if k else ""}{v:.6g}' for k, v in result['values'].items())
            for figure, value in result['values'].items():
                figures = self.values.setdefault((scenario, case.name), {})
                figures.setdefault(figure, {}).setdefault(name, {})[repetition] = value
                self.write(scenario, case, system, repetition, figure, value, result)
        else:
            shown = f'{result["status"]}: {result["detail"]}'
            self.failures[key] = 2 if result['status'] == 'unavailable' else (
                self.failures.get(key, 0) + 1)
            self.write(scenario, case, system, repetition, '', None, result)
        say(f'{repetition} {scenario}/{case.name} [{name}]: {shown}')

    def wanted(self, scenario, case):
        return not self.arguments.only or any(
            text in (scenario, case.name) or text in case.name for text in self.arguments.only
        )

    def systems_for(self, case, repetition):
        for system in self.versions:
            if case.systems is not None and system.name not in case.systems:
                continue
            if case.needs_host and not system.is_guest:
                continue
            if system.flavour == 'trio' and case.trio is None:
                continue
            if repetition > self.arguments.peer_rounds and not system.every_round:
                continue
            yield system
        if case.no_loop is not None and not self.arguments.system:
            yield None

    def run_rounds(self, cases):
        start = time.monotonic()
        for repetition in range(1, self.arguments.rounds + 1):
            for scenario, case in cases:
                if repetition > (case.rounds or repetition):
                    continue
                if repetition > 2 and time.monotonic() > start + BUDGET:
                    say(f'no time for round {repetition} of {scenario}/{case.name}')
                    continue
                for system in self.systems_for(case, repetition):
                    self.measure(scenario, case, system, repetition)

    def is_certain(self, scenario, case):
        """Whether the ratios that the case's aims are for need no more rounds."""
        for figure, values in self.values.get((scenario, case.name), {}).items():
            aim = case.aim_of(figure)
            if aim is None or aim.what != 'ratio' or not {BASELINE, OURS} <= values.keys():
                continue
            if ratios.error(ratios.pair(values[OURS], values[BASELINE])) > ratios.CERTAIN:
                return False
        return True

    def run_until_certain(self, cases):
        start = time.monotonic()
        pair = [system for system in self.versions if system.name in (BASELINE, OURS)]
        for repetition in range(self.arguments.rounds + 1, self.arguments.most_rounds + 1):
            # Neither is always the one that comes after the other.
            pair.reverse()
            for scenario, case in cases:
                if self.is_certain(scenario, case):
                    continue
                if time.monotonic() > start + BUDGET_FOR_CERTAINTY:
                    say(f'not certain for want of time: {scenario}/{case.name}')
                    continue
                for system in pair:
                    self.measure(scenario, case, system, repetition)

    def run(self):
        self.find_systems()
        described = machine.describe(self.arguments.size) | {'left_out': self.left_out}
        self.output.write(json.dumps({'machine': described}) + '\n')
        cases = [
            (scenario, case)
            for scenario, module in load_scenarios().items()
            for case in module.CASES
            if self.wanted(scenario, case)
        ]
        self.run_rounds(cases)
        self.run_until_certain(cases)
        for scenario, seconds in self.spent.items():
            say(f'spent {seconds:.0f} s on {scenario}')
        return bool(cases)


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
