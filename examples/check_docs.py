#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check_docs.py PYTHON...: check that README and the guide in docs/ say what the examples do.

A Python block follows a line that names a program of examples/: its lines must be lines of that
program, in that order, but for ``...``, which stands for some that are left out. What follows
"Printed by" and the name of a program is what the program must print. Relative links must lead
somewhere; files and options of this project in commands must exist.
"""

import pathlib
import re
import subprocess
import sys

from expect import complaints

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLACES = ['.', 'benchmarks', 'docs', 'examples', 'tests']
PROGRAM = re.compile(r'`(examples/[\w/-]+\.py)`')
OWN_FILE = re.compile(r'(?:\.ci|benchmarks|build-aux|examples|tests)/[\w./-]+')
BLOCK = re.compile(r'(?P<intro>[^\n]*)\n\n(?:```(?P<kind>\w+)\n(?P<text>.*?)```\n|(?P<table>\|.*?\n)(?:\n|\Z))',
                   re.DOTALL)


def significant(text):
    """The lines of a text but for empty ones, without notes to linters."""
    lines = [re.sub(r'  # noqa.*', '', line).rstrip() for line in text.splitlines()]
    return [line for line in lines if line]


def check_lines(block, program):
    """That the parts of *block*, between its ``...``, are in *program*, line by line."""
    lines = significant((ROOT / program).read_text())
    parts = [[]]
    for line in significant(block):
        if line.strip() == '...':
            parts.append([])
        else:
            parts[-1].append(line)
    start = 0
    for part in filter(None, parts):
        places = [place for place in range(start, len(lines))
                  if lines[place:place + len(part)] == part]
        assert places, f'not in {program}, or not in this order:\n' + '\n'.join(part)
        start = places[0] + len(part)


def check_output(text, program, python):
    result = subprocess.run([*python, ROOT / program, '--auto'], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True)
    assert result.returncode == 0, f'{program}: exit status {result.returncode}\n{result.stderr}'
    assert not complaints(result.stderr), f'{program} wrote {result.stderr}'
    assert result.stdout == text, f'{program} prints\n{result.stdout}, not\n{text}'


def check_commands(text):
    """That files in command lines exist, and Meson's options anywhere."""
    options = re.findall(r"option\('(\w+)'", (ROOT / 'meson_options.txt').read_text())
    # Those that begin with "b_" are Meson's own.
    for option in re.findall(r'-D(?!b_)(\w+)=', text):
        assert option in options, f'there is no option {option}'
    for command in re.findall(r'^ {4}(\S.*)', text, re.MULTILINE):
        for word in command.split():
            # Words in capitals stand for something.
            if OWN_FILE.fullmatch(word) and not re.search('[A-Z]{3}', word):
                assert (ROOT / word).exists(), f'there is no {word}'


def check_page(page, python):
    """Check all blocks of a page; says how many there are."""
    text = page.read_text()
    check_commands(text)
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
    pages = [page for place in PLACES for page in sorted(ROOT.glob(f'{place}/*.md'))]
    for page in pages:
        name = page.relative_to(ROOT)
        try:
            print(f'{name}: {check_page(page, python)} blocks checked')
        except AssertionError as error:
            print(f'{name}: {error}')
            failed = True
    sys.exit(failed)


if __name__ == '__main__':
    main(*sys.argv[1:])
