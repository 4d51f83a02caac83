# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""System calls per operation, counted by strace in a measurement of its own.

Only the thread that runs the loop is traced. A :class:`figures.Section` marks by system calls of its
own where the operations begin and end, and how many there were. No time is taken: strace makes
everything slower.
"""

import collections
import re
import shutil
import subprocess

from figures import MARK, MARKS

__all__ = ['VARIABLES', 'command', 'count', 'why_not']

#: What a traced process needs.
VARIABLES = {MARKS: '1'}

#: Calls that map memory or give it back.
_MAPPING = frozenset(('mmap', 'munmap', 'mremap', 'brk', 'madvise'))

_CALL = re.compile(r'(\w+)\(')
_MARK = re.compile(re.escape(MARK) + r'(begin|end|operations/\d+)"')


def command(log):
    """What to put before a command, so that its system calls are written to the file *log*."""
    return ['strace', '-qq', '-e', 'signal=none', '-o', str(log)]


def why_not():
    """Why nothing can be traced here; empty if it can."""
    if not shutil.which('strace'):
        return 'no strace'
    done = subprocess.run(
        [*command('/dev/null'), 'true'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )
    if done.returncode == 0:
        return ''
    return (done.stderr.strip().splitlines() or [f'strace ends with {done.returncode}'])[-1]


def count(lines):
    """Calls per operation in strace's *lines*: all, and those that map; None without marks."""
    calls = found = None
    operations = 0
    for line in lines:
        mark = _MARK.search(line)
        if mark is None:
            call = _CALL.match(line)
            if call and calls is not None:
                calls[call[1]] += 1
        elif mark[1] == 'begin':
            calls = collections.Counter()
        elif mark[1] == 'end':
            # Of several ends the first counts that has a begin.
            if found is None:
                found = calls
            calls = None
        else:
            operations = int(mark[1].partition('/')[2])
    if found is None or not operations:
        return None
    return {
        'calls': found.total() / operations,
        'maps': sum(found[name] for name in _MAPPING) / operations,
    }
