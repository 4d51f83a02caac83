# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Reads the JSON lines, and makes medians and ratios of them."""

import collections
import dataclasses
import json
import statistics

import ratios
from environments import DEFAULTS
from machine import FORMAT
from systems import BASELINE

__all__ = ['OldFormat', 'Platform', 'Summary', 'read']


class OldFormat(Exception):
    """Raised for results of another format than this version's; the text says which and why."""


@dataclasses.dataclass
class Summary:
    """What several repetitions of one figure on one system came to."""

    unit: str
    failures: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    details: list = dataclasses.field(default_factory=list)
    by_round: dict = dataclasses.field(default_factory=dict)
    #: The size of each round's environment.
    paddings: dict = dataclasses.field(default_factory=dict)
    #: To plain asyncio, one for each round that has both.
    ratios: list = dataclasses.field(default_factory=list)

    @property
    def values(self):
        return list(self.by_round.values())

    @property
    def ratio(self):
        """The median of the rounds' ratios; None if there is none."""
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None

    @property
    def failure(self):
        """What the system did instead, if it never got to the end."""
        return self.failures.most_common(1)[0][0] if self.failures and not self.values else None

    def by_environment(self):
        """``{padding: median}``."""
        values = {}
        for number, value in self.by_round.items():
            values.setdefault(self.paddings[number], []).append(value)
        return {padding: statistics.median(found) for padding, found in values.items()}

    def worst(self, better):
        """The median in the environment in which it is worst; *better* is "higher" or "lower"."""
        medians = self.by_environment().values()
        return (min if better == 'higher' else max)(medians) if medians else None

    def spread(self):
        """The worst environment's median as a share of the best one's; None if there is but one."""
        medians = self.by_environment().values()
        if len(medians) < 2 or max(medians) <= 0:
            return None
        return min(medians) / max(medians)

    def ratios_to(self, other):
        return ratios.pair(self.by_round, other.by_round)

    def ratio_to(self, other):
        """The median of the rounds' ratios; None if there is none."""
        found = self.ratios_to(other)
        return statistics.median(found) if found else None

    def worst_ratio_to(self, other, better):
        """Of the medians of the ratios in each environment the worst; None if there is none."""
        both = {n: v / other.by_round[n] for n, v in self.by_round.items() if other.by_round.get(n)}
        return dataclasses.replace(self, by_round=both).worst(better)


class Platform:
    """The results of one run on one platform."""

    def __init__(self, machine, records):
        self.machine = machine
        self.name = machine['platform']
        #: For people: "Debian 13", "Debian testing".
        self.title = self.name.replace('-', ' ').capitalize()
        self.records = records
        self._by_case = {}
        for record in records:
            key = record['scenario'], record['case'], record['variant']
            self._by_case.setdefault(key, []).append(record)

    def _of(self, scenario, case, variant):
        return self._by_case.get((scenario, case, variant), [])

    def has(self, scenario, case, variant=DEFAULTS):
        return bool(self._of(scenario, case, variant))

    def figures(self, scenario, case, variant=DEFAULTS):
        """The names of a case's figures, in the order they were first seen."""
        return list(dict.fromkeys(
            r['figure'] for r in self._of(scenario, case, variant) if r['status'] == 'ok'
        ))

    def summaries(self, scenario, case, figure, variant=DEFAULTS):
        """``{system name: Summary}``; systems that failed at the case are in it as well."""
        found = {}
        for record in self._of(scenario, case, variant):
            summary = found.setdefault(record['system'], Summary(record['unit']))
            if record['status'] != 'ok':
                summary.failures[record['status']] += 1
                summary.details.append(record.get('detail', ''))
            elif record['figure'] == figure:
                summary.unit = record['unit']
                summary.by_round[record['repetition']] = record['value']
                summary.paddings[record['repetition']] = record['padding']
        found = {name: s for name, s in found.items() if s.values or s.failures}
        baseline = found.get(BASELINE)
        if baseline is not None:
            for summary in found.values():
                summary.ratios = summary.ratios_to(baseline)
        return found

    def disturbance(self):
        """Share of the time that measured processes waited for others to leave the processor.

        None if it is not known. Cases whose own processes share a core don't count.
        """
        records = [r for r in self.records if 'waited' in r and not r.get('one_core')]
        total = sum(r['cpu'] + r['waited'] for r in records)
        return sum(r['waited'] for r in records) / total if total else None

    def version(self, system):
        for record in self.records:
            if record['system'] == system and record['version']:
                return record['version']
        return ''


def read(path):
    """The platform whose results are in the file *path*."""
    with open(path, encoding='utf-8') as file:
        machine, *records = (json.loads(line) for line in file)
    found = machine['machine'].get('format', 1)
    if found != FORMAT:
        raise OldFormat(
            f'{path}: results of format {found}, not {FORMAT}: measure again on that platform, with '
            'benchmarks/run.sh'
        )
    return Platform(machine['machine'], records)
