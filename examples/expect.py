#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""expect.py [--tap] REGEX COMMAND...: run an example, fail unless it ends well and prints that.

It must also leave its standard error empty: warnings, reports of lost exceptions and the
like all go there. With --tap the outcome is printed as a case of TAP.
"""

import pathlib
import re
import subprocess
import sys


def complaints(stderr):
    """What a program wrote to standard error, without what a busy machine has it write.

    That is asyncio's note, in debug mode, of a step that took long.
    """
    return [line for line in stderr.splitlines() if not line.startswith('Executing <')]


def run(expected, command):
    """Run an example; say what is wrong, or None."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    print(result.stdout, result.stderr, end='', file=sys.stderr)
    if result.returncode != 0:
        return f'exit status {result.returncode}'
    if not re.fullmatch(expected, result.stdout):
        return f'printed {result.stdout!r}, not {expected!r}'
    if complaints(result.stderr):
        return 'wrote to standard error'
    return None


def main(*arguments):
    tap = arguments[0] == '--tap'
    expected, *command = arguments[tap:]
    wrong = run(expected, command)
    if tap:
        print(f'TAP version 13\n1..1\n{"not ok" if wrong else "ok"} 1 - {pathlib.Path(command[-2]).name}')
    if wrong:
        sys.exit(f'expect.py: {wrong}')


if __name__ == '__main__':
    main(*sys.argv[1:])
