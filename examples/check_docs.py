#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check_docs.py PYTHON...: check that the guide in docs/ says what the examples do.

A Python block follows a line that names a program of examples/: its lines must be lines of that
program, in that order, but for ``...``, which stands for some that are left out. What follows
"Printed by" and the name of a program is what the program must print. Relative links must lead
somewhere.
"""

import pathlib
import re
import subprocess
import sys

from expect import complaints

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = re.compile(r'`(examples/[\w/-]+\.py)`')
BLOCK = re.compile(r'(?P<intro>[^\n]*)\n\n(?:```(?P<kind>\w+)\n(?P<text>.*?)```\n|(?P<table>\|.*?\n)(?:\n|\Z))',
                   re.DOTALL)


def check_lines(block, program):
    """That the lines of *block* are in *program*, indented alike relative to each other."""
    wanted = [line for line in block.splitlines() if line.strip()]
    lines = (ROOT / program).read_text().splitlines()
    position, shift = 0, None
    for line in wanted:
        if line.strip() == '...':
            shift = None
            continue
        for position in range(position, len(lines)):
            found = lines[position]
            indent = len(found) - len(found.lstrip()) - len(line) + len(line.lstrip())
            if found.strip() == line.strip() and shift in (None, indent):
                shift = indent
                break
        else:
            raise AssertionError(f'not in {program}, or not in this order: {line!r}')
        position += 1


def check_output(text, program, python):
    result = subprocess.run([*python, ROOT / program, '--auto'], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True)
    assert result.returncode == 0, f'{program}: exit status {result.returncode}\n{result.stderr}'
    assert not complaints(result.stderr), f'{program} wrote {result.stderr}'
    assert result.stdout == text, f'{program} prints\n{result.stdout}, not\n{text}'


def check_page(page, python):
    """Check all blocks of a page; says how many there are."""
    text = page.read_text()
    for target in re.findall(r'\]\(([^):#]+)[^):]*\)', text):
        assert (page.parent / target).exists(), f'link to {target}, which does not exist'
    count = 0
    for block in BLOCK.finditer(text):
        program = PROGRAM.search(block['intro'])
        content = block['text'] or block['table']
        if block['intro'].startswith('Printed by'):
            check_output(content, program[1], python)
        elif block['kind'] == 'python':
            assert program, f'Python without the name of a program before it:\n{content}'
            check_lines(content, program[1])
        else:
            continue
        count += 1
    assert text.count('```python') + text.count('Printed by') == count, 'a block was missed'
    return count


def main(*python):
    failed = False
    for page in sorted((ROOT / 'docs').glob('*.md')):
        try:
            print(f'{page.name}: {check_page(page, python)} blocks checked')
        except AssertionError as error:
            print(f'{page.name}: {error}')
            failed = True
    sys.exit(failed)


if __name__ == '__main__':
    main(*sys.argv[1:])
