# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Import: what AioGuest adds to a program that imports asyncio, PyGObject and GLib.

Each figure is the difference of two medians, of fresh interpreters with and without AioGuest that take
turns: of their processor time, and of the memory that they have resident. *in all* is with AioGuest.
"""

import os
import statistics
import subprocess
import sys
import tempfile

from cases import Aim, Case
from systems import OURS

ORDER = 175

WITHOUT = 'import asyncio, gi\nfrom gi.repository import GLib\n'
WITH = WITHOUT + 'gi.require_version("AioGuest", "1.0")\nfrom gi.repository import AioGuest\n'
TELL = '''
import resource, time
used = time.process_time()
with open("/proc/self/statm", encoding="ascii") as file:
    pages = int(file.read().split()[1])
print(used * 1e3, pages * resource.getpagesize() / 1e6)
'''


def interpreter(program, environment):
    """Milliseconds and megabytes of a fresh interpreter."""
    told = subprocess.run(
        [sys.executable, '-c', program + TELL], env=environment, check=True, capture_output=True,
        text=True,
    ).stdout
    return tuple(map(float, told.split()))


def compare(host, count, compiled):
    """*compiled*: take no figure of interpreters that still have to compile what they import."""
    with tempfile.TemporaryDirectory(prefix='aioguest-') as folder:
        environment = dict(os.environ)
        if compiled:
            environment['PYTHONPYCACHEPREFIX'] = folder
            environment.pop('PYTHONDONTWRITEBYTECODE', None)
            interpreter(WITH, environment)
        pairs = [
            (interpreter(WITH, environment), interpreter(WITHOUT, environment))
            for _ in range(count)
        ]
    times, memories, times_without, memories_without = (
        statistics.median(pair[of][what] for pair in pairs) for of in (0, 1) for what in (0, 1)
    )
    return {
        'time': times - times_without,
        'memory': memories - memories_without,
        'time in all': times,
        'memory in all': memories,
    }


CASES = [
    Case(
        'import',
        unit={'time': 'ms', 'memory': 'MB', 'time in all': 'ms', 'memory in all': 'MB'},
        better='lower',
        program=compare,
        parameters={'count': 15, 'compiled': True},
        quick={'count': 7},
        tiny={'count': 1, 'compiled': False},
        aim={'time': Aim('value', '<=', 10), 'memory': Aim('value', '<=', 3)},
        systems=(OURS,),
        rounds=3,
        limit=30.0,
    ),
]
