#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""expect.py REGEX COMMAND...: run an example, fail unless it ends well and prints that.

It must also leave its standard error empty: warnings, reports of lost exceptions and the
like all go there.
"""

import re
import subprocess
import sys


def complaints(stderr):
    """What a program wrote to standard error, without what a busy machine has it write.

    That is asyncio's note, in debug mode, of a step that took long.
    """
    return [line for line in stderr.splitlines() if not line.startswith('Executing <')]


def main(expected, *command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    print(result.stdout, end='')
    print(result.stderr, end='', file=sys.stderr)
    if result.returncode != 0:
        sys.exit(f'expect.py: exit status {result.returncode}')
    if not re.fullmatch(expected, result.stdout):
        sys.exit(f'expect.py: printed {result.stdout!r}, not {expected!r}')
    if complaints(result.stderr):
        sys.exit('expect.py: wrote to standard error')


if __name__ == '__main__':
    main(*sys.argv[1:])
