# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Makes the document of all results that there are: ``report.py --results DIR --document FILE``."""

import argparse
import sys
from pathlib import Path

import results
from cases import load_scenarios


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--results', type=Path, required=True, help='where the *.jsonl are')
    parser.add_argument('--document', type=Path, required=True, help='the Markdown file')
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    platforms = results.read(arguments.results)
    if not platforms:
        print(f'report.py: no results in {arguments.results}', file=sys.stderr)
        return 1
    lines = ['# Performance', '']
    for scenario, module in load_scenarios().items():
        for case in module.CASES:
            for platform in platforms:
                for figure in platform.figures(scenario, case.name):
                    lines += [f'## {case.name} {figure} ({platform.name})', '']
                    for system, summary in platform.summaries(scenario, case.name, figure).items():
                        lines.append(f'- {system}: {summary.median:.6g} {summary.unit}')
                    lines.append('')
    arguments.document.parent.mkdir(parents=True, exist_ok=True)
    arguments.document.write_text('\n'.join(lines), encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
