# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-hardening.py READELF COMPILE-COMMANDS FLAG,... LIBRARY...

Checks that what was built is hardened: by what readelf shows of each library, and by the flags
that its sources were compiled with.
"""

import json
import re
import subprocess
import sys
from pathlib import Path


def readelf(program, *options):
    return subprocess.run([program, "-W", *options], capture_output=True, text=True, check=True).stdout


def check_library(program, library):
    """Yields what was looked for, and whether it is so."""
    headers = readelf(program, "-l", library)
    dynamic = readelf(program, "-d", library)
    symbols = readelf(program, "--dyn-syms", library)
    loaded = re.findall(r"^ +(?:LOAD|GNU_STACK) .*? ([R ][W ][E ]) 0x", headers, re.MULTILINE)

    yield "relocations are read-only", "GNU_RELRO" in headers
    yield "all symbols are bound at the start", bool(
        re.search(r"\((BIND_NOW|FLAGS)\).*|\(FLAGS_1\).*NOW", dynamic) and "NOW" in dynamic
    )
    yield "the stack is not executable", "GNU_STACK" in headers
    yield "nothing is both writable and executable", bool(loaded) and not any(
        "W" in flags and "E" in flags for flags in loaded
    )
    yield "no text relocations", "TEXTREL" not in dynamic
    yield "stack protector", "__stack_chk_fail" in symbols


def check_flags(commands, flags):
    """The same for each flag: whether all sources of what is installed have it."""
    wanted = [
        entry
        for entry in json.loads(Path(commands).read_text())
        if re.search(r"(^|/)(src/aio-guest|gi-overrides/AioGuest/_core/)", entry["file"])
    ]
    for flag in flags:
        missing = [entry["file"] for entry in wanted if flag not in entry["command"].split()]
        yield f"compiled with {flag}" + "".join(f", but {name}" for name in missing), (
            bool(wanted) and not missing
        )


def main(program, commands, flags, *libraries):
    results = []
    for library in libraries:
        name = Path(library).name
        results += [(f"{name}: {what}", good) for what, good in check_library(program, library)]
    results += check_flags(commands, [flag for flag in flags.split(",") if flag])

    print(f"1..{len(results)}")
    for number, (what, good) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {what}")
    return 0 if all(good for _, good in results) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
