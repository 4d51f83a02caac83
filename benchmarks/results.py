# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Reads the JSON lines, and makes medians and ratios of them."""

import collections
import dataclasses
import json
import statistics

import ratios
from systems import BASELINE

__all__ = ['Platform', 'Summary', 'read']


@dataclasses.dataclass
class Summary:
    """What several repetitions of one figure on one system came to."""

    unit: str
    by_round: dict
    failures: collections.Counter
    details: list
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


class Platform:
    """The results of one run on one platform."""

    def __init__(self, machine, records):
        self.machine = machine
        self.name = machine['platform']
        #: For people: "Debian 13", "Debian testing".
        self.title = self.name.replace('-', ' ').capitalize()
        self.records = records

    def _of(self, scenario, case):
        return [r for r in self.records if (r['scenario'], r['case']) == (scenario, case)]

    def has(self, scenario, case):
        return bool(self._of(scenario, case))

    def figures(self, scenario, case):
        """The names of a case's figures, in the order they were first seen."""
        return list(dict.fromkeys(
            r['figure'] for r in self._of(scenario, case) if r['status'] == 'ok'
        ))

    def summaries(self, scenario, case, figure):
        """``{system name: Summary}``; systems that failed at the case are in it as well."""
        found = {}
        for record in self._of(scenario, case):
            summary = found.setdefault(
                record['system'], Summary(record['unit'], {}, collections.Counter(), [])
            )
            if record['status'] != 'ok':
                summary.failures[record['status']] += 1
                summary.details.append(record.get('detail', ''))
            elif record['figure'] == figure:
                summary.unit = record['unit']
                summary.by_round[record['repetition']] = record['value']
        found = {name: s for name, s in found.items() if s.values or s.failures}
        baseline = found.get(BASELINE)
        if baseline is not None:
            for summary in found.values():
                summary.ratios = ratios.pair(summary.by_round, baseline.by_round)
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


def read(folder):
    """The platforms whose results are in *folder*."""
    platforms = []
    for path in sorted(folder.glob('*.jsonl')):
        with open(path, encoding='utf-8') as file:
            machine, *records = (json.loads(line) for line in file)
        platforms.append(Platform(machine['machine'], records))
    return platforms
