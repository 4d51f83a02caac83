#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check_moving.py PAIR [FLAG-OF-PYTHON...]: check that PAIR_before.py and PAIR_after.py do the same.

Both must end well and print the same; prints TAP. Where the before can't run that is one case
skipped, with the reason, or one that checks that it ends the way docs/moving.md says.
"""

import importlib.util
import pathlib
import subprocess
import sys

import gi

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from expect import complaints  # noqa: E402

#: What both must print.
PRINTED = {
    'threads': 'Hello!\n', 'gi_events': 'Greetings\n', 'own_loop': 'Hello!\n',
    'gbulb': 'Hello!\n', 'nest_asyncio': 'Hello!\n', 'qasync': 'Hello!\n',
}

#: Whose before runs on the loop of another project: what that writes to standard error, and the
#: warnings it causes, are its own affair.
FOREIGN = {'gi_events', 'gbulb', 'nest_asyncio', 'qasync'}


def missing(pair):
    """Why the before of the pair can't be tried, or None."""
    if pair == 'gi_events' and not importlib.util.find_spec('gi.events'):
        return f'no gi.events in PyGObject {gi.__version__}'
    if pair == 'qasync' and not importlib.util.find_spec('PyQt5'):
        return 'no PyQt5'
    return None


def last_words(pair):
    """The end of the before's standard error if it is known not to run here, else None."""
    if pair == 'gbulb':
        if sys.version_info >= (3, 14):
            return "ImportError: cannot import name 'AbstractChildWatcher'"
        if gi.version_info >= (3, 50):
            return "AttributeError: 'GtkEventLoop' object has no attribute 'running'"
    return None


def run(program, flags):
    result = subprocess.run([sys.executable, *flags, HERE / program, '--auto'], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True)
    print(result.stdout, result.stderr, file=sys.stderr)
    return result


def case(number, name, *wrong):
    """Print the line of a case; true if nothing is wrong."""
    print(f'{"not ok" if any(wrong) else "ok"} {number} - {name}')
    for what in filter(None, wrong):
        print('#', repr(what))
    return not any(wrong)


def check(number, pair, program, flags, judge_stderr=True):
    result = run(program, flags)
    return case(number, f'{program} prints {PRINTED[pair]!r}',
                result.returncode and f'exit status {result.returncode}',
                result.stdout != PRINTED[pair] and result.stdout,
                judge_stderr and complaints(result.stderr))


def check_before(pair, program, flags):
    reason, words = missing(pair), last_words(pair)
    if reason:
        print(f'ok 1 - {program} # SKIP {reason}')
        return True
    if words:
        result = run(program, flags)
        return case(1, f'{program} ends with {words!r}',
                    result.returncode != 1 and f'exit status {result.returncode}',
                    words not in result.stderr and result.stderr)
    return check(1, pair, program, flags, judge_stderr=pair not in FOREIGN)


def main(pair, *flags):
    print('TAP version 13\n1..2')
    good = check_before(pair, f'{pair}_before.py', [] if pair in FOREIGN else flags)
    good &= check(2, pair, f'{pair}_after.py', flags)
    sys.exit(not good)


if __name__ == '__main__':
    main(*sys.argv[1:])
