#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Count the test cases of a `meson test` run and show what failed.

Reads what Meson logged.  A program that speaks TAP counts with each of its
lines, any other with its exit status.  The programs that took longest are lines
"slow: SECONDS NAME".  The last line printed is "N passed, N failed, N skipped";
the exit status is 0 if something passed and nothing failed.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

TAP_LINE = re.compile(r"(not )?ok\b *(?:\d+)? *(?:- )?(.*)")
DIRECTIVE = re.compile(r"(?<!\\)#\s*(SKIP|TODO)\b\S*\s*(.*)", re.IGNORECASE)
PLAN_SKIP = re.compile(r"1\.\.0\s*#\s*SKIP\S*\s*(.*)", re.IGNORECASE)
NOTES_LIMIT = 200
OUTPUT_LIMIT = 20000
SLOWEST = 10


class Totals:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.seconds = {}

    def slowest(self):
        return sorted(self.seconds.items(), key=lambda item: item[1], reverse=True)[:SLOWEST]


def tap_protocols(build_directory):
    """Return the names of the tests that speak TAP, as Meson logs them."""
    tests = json.loads(subprocess.run(
        [*meson_command(), "introspect", "--tests", str(build_directory)],
        stdout=subprocess.PIPE, check=True).stdout)
    return {test["name"] for test in tests if test["protocol"] == "tap"}


def meson_command():
    return shlex.split(os.environ.get("MESON", "meson"))


def short_name(logged):
    return re.split(r":| / ", logged)[-1]


def speaks_tap(logged, names):
    """Is the test logged as "SUITE - PROJECT:NAME" (its form varies) among the names?"""
    return any(logged == name or logged.endswith((f":{name}", f" / {name}")) for name in names)


def read_tap(text):
    """Yield (verdict, name, reason, notes) of each TAP line.

    Indented lines belong to sub-tests, whose outcome their parent repeats.
    """
    current = None
    for line in text.splitlines():
        match = TAP_LINE.match(line)
        if match:
            if current:
                yield current
            failed, rest = match.groups()
            directive = DIRECTIVE.search(rest)
            name = (rest[:directive.start()] if directive else rest).strip()
            kind = directive.group(1).upper() if directive else ""
            reason = directive.group(2) if directive else ""
            if kind == "SKIP" and not failed:
                verdict = "skipped"
            elif kind == "TODO":
                verdict = "skipped" if failed else "failed"
                reason = f"expected failure: {reason}" if failed else "passes unexpectedly"
            else:
                verdict = "failed" if failed else "passed"
            current = (verdict, name, reason, [])
        elif line.startswith("#") and current and len(current[3]) < NOTES_LIMIT:
            current[3].append(line[1:].removeprefix(" "))
    if current:
        yield current


def count_tap(entry, totals):
    """Count the lines of one program and what Meson thought of the whole."""
    any_case = any_failed = False
    for verdict, name, reason, notes in read_tap(entry["stdout"]):
        any_case = True
        title = f"{entry['name']}: {name}"
        if verdict == "passed":
            totals.passed += 1
        elif verdict == "skipped":
            totals.skipped.append((title, reason))
        else:
            any_failed = True
            totals.failed.append((title, "\n".join(filter(None, [reason, *notes]))))

    if entry["result"] in ("OK", "EXPECTEDFAIL"):
        return
    if entry["result"] == "SKIP":
        if not any_case:
            plan = PLAN_SKIP.search(entry["stdout"])
            totals.skipped.append((entry["name"], plan.group(1) if plan else "ran no test"))
        return
    if any_failed and entry["result"] in ("FAIL", "ERROR") and entry["returncode"] in (0, 1, 2):
        # The failed lines tell it all (pytest ends with 2 when collecting failed).
        return
    totals.failed.append((f"{entry['name']} (the program)",
                          f"{entry['result']}, exit status {entry['returncode']}\n"
                          + output_of(entry)))


def count_program(entry, totals):
    if entry["result"] in ("OK", "EXPECTEDFAIL"):
        totals.passed += 1
    elif entry["result"] == "SKIP":
        last = entry["stdout"].strip().splitlines()[-1:]
        totals.skipped.append((entry["name"], " ".join(last)))
    else:
        totals.failed.append((entry["name"],
                              f"{entry['result']}, exit status {entry['returncode']}\n"
                              + output_of(entry)))


def output_of(entry):
    text = entry["stdout"] + entry.get("stderr", "")
    if len(text) > OUTPUT_LIMIT:
        text = "[...]\n" + text[-OUTPUT_LIMIT:]
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path, help="Meson's build directory")
    parser.add_argument("--logbase", default="testlog", help="name of the log (%(default)s)")
    parser.add_argument("--meson-status", type=int, default=0,
                        help="exit status of `meson test`, which must agree with the count")
    parser.add_argument("--failed", action="append", default=[], metavar="TITLE",
                        help="something else that has failed")
    options = parser.parse_args()

    totals = Totals()
    speak_tap = tap_protocols(options.build)
    log = options.build / "meson-logs" / f"{options.logbase}.json"
    if log.exists():
        with open(log, encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                entry["stdout"] = entry.get("stdout") or ""
                entry["stderr"] = entry.get("stderr") or ""
                totals.seconds[short_name(entry["name"])] = entry.get("duration") or 0
                if speaks_tap(entry["name"], speak_tap):
                    count_tap(entry, totals)
                else:
                    count_program(entry, totals)

    if options.meson_status and not totals.failed:
        totals.failed.append(("meson test", f"exit status {options.meson_status}"))

    totals.failed += [(title, "see above") for title in options.failed]

    for title, reason in totals.skipped:
        print(f"skipped: {title}: {reason}")
    for title, detail in totals.failed:
        print(f"\nFAILED: {title}")
        for line in detail.splitlines():
            print(f"    {line}")
    if not totals.passed and not totals.failed:
        print("\nno test ran")
    print()
    for name, seconds in totals.slowest():
        print(f"slow: {seconds:7.1f} s  {name}")
    print(f"\n{totals.passed} passed, {len(totals.failed)} failed, {len(totals.skipped)} skipped")
    return 1 if totals.failed or not totals.passed else 0


if __name__ == "__main__":
    sys.exit(main())
