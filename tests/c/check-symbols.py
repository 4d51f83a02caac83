# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library exports exactly the symbols of the list, no more and no less: they are the ABI."""

import subprocess
import sys


def main() -> int:
    nm, library, listed_path = sys.argv[1:]

    output = subprocess.run([nm, '-D', '--defined-only', library],
                            check=True, capture_output=True, text=True).stdout
    exported = {line.split()[-1] for line in output.splitlines()}

    with open(listed_path, encoding='utf-8') as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith('#')]
    listed = set(lines)

    failures = 0
    print('1..3')
    for number, (what, wrong) in enumerate((
        ('every listed symbol is exported', sorted(listed - exported)),
        ('every exported symbol is listed', sorted(exported - listed)),
        ('the list is sorted and says nothing twice', [] if lines == sorted(listed) else lines),
    ), 1):
        print(f'{"not ok" if wrong else "ok"} {number} {what}')
        for symbol in wrong:
            print(f'# {symbol}')
        failures += bool(wrong)

    return 1 if failures else 0


sys.exit(main())
