#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run CPython's own test_asyncio on AioGuest.EventLoop and on the stock loop.

Each file runs in a process of its own, with AioGuest.EventLoop in the place of the
stock selector loop; and with the stock loop, if anything but passed tests came of the first.
A test that fails, is skipped or is missing with AioGuest.EventLoop but not with the stock
loop is a failure.  The output is TAP with one line per test case; details go to summary.json and, per file
and variant, to a log below --output.
"""

import argparse
import itertools
import json
import os
import pathlib
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import compare
import process

HERE = pathlib.Path(__file__).resolve().parent

# In dev mode every loop is in debug mode, and there the loop's own _run_once
# does the work whatever AIOGUEST_TICK says.  The two ticks therefore run
# without it, keeping the rest of what it switches on (see process.py).
TICKS = {
    "native": process.Setup(environment={"AIOGUEST_TICK": "native"}),
    "stock": process.Setup(environment={"AIOGUEST_TICK": "stock"}),
    "debug": process.Setup(dev_mode=True),
}
CHOICES = {
    "native": ["native"],
    "stock": ["stock"],
    "debug": ["debug"],
    "both": ["native", "stock"],
    "all": ["native", "stock", "debug"],
}


NIGHTLY = os.environ.get("AIOGUEST_NIGHTLY") == "1"


def directory_of_tests():
    import test
    return pathlib.Path(test.__path__[0]) / "test_asyncio"


def find_files():
    return sorted(path.stem for path in directory_of_tests().glob("test_*.py"))


def size_of(name):
    return (directory_of_tests() / f"{name}.py").stat().st_size


def read_not_applicable(path):
    """Return {test id: reason} from lines "ID | REASON"."""
    entries = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        test_id, separator, reason = line.partition("|")
        if not separator or not reason.strip():
            raise SystemExit(f"{path}: no reason is given in: {line}")
        entries[test_id.strip()] = reason.strip()
    return entries


class Baselines:
    """What comes of the files with the stock loop: each is run once, by whoever asks first."""

    def __init__(self, output):
        self._output = output
        self._locks = {}
        self._results = {}

    def get(self, setup, name):
        key = (setup.dev_mode, name)
        with self._locks.setdefault(key, threading.Lock()):
            if key not in self._results:
                label = "baseline-debug" if setup.dev_mode else "baseline"
                self._results[key] = process.run_file(
                    name, setup, None, self._output / label, set())
            return self._results[key]


class Tap:
    """Numbers the lines and counts what they say."""

    def __init__(self):
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.failures = []
        self._number = 0

    def _line(self, text):
        self._number += 1
        print(text.format(number=self._number), flush=True)

    def case(self, case):
        name = case.name.replace("#", "_").replace("{", "{{").replace("}", "}}")
        reason = " ".join(case.reason.split()).replace("{", "{{").replace("}", "}}")
        if case.verdict == "passed":
            self._line(f"ok {{number}} - {name}")
        elif case.verdict == "skipped":
            self._line(f"ok {{number}} - {name} # SKIP {reason}")
        elif case.verdict == "failed-in-both":
            self._line(f"not ok {{number}} - {name} # TODO {reason}")
        else:
            self._line(f"not ok {{number}} - {name}")
            self.failures.append(case.name)
            self.note(case.detail)
        self.counts[{"failed-in-both": "skipped"}.get(case.verdict, case.verdict)] += 1

    def note(self, text):
        for line in text.splitlines():
            print(f"# {line}", flush=True)

    def plan(self):
        print(f"1..{self._number}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tick", choices=CHOICES, default="all" if NIGHTLY else "native",
                        help="'native' and 'stock' ('both'), 'debug' (python -X dev), or 'all'"
                             " (%(default)s)")
    parser.add_argument("--every-baseline", action="store_true", default=NIGHTLY,
                        help="run the stock loop also where ours has passed everything")
    parser.add_argument("--files", nargs="+", metavar="FILE",
                        help="files of test_asyncio, such as test_events")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1),
                        help="processes at a time, which mostly wait (%(default)s)")
    parser.add_argument("--baseline-only", action="store_true",
                        help="the stock loop alone, which needs no AioGuest")
    parser.add_argument("--loop-class", default="gi.repository.AioGuest:EventLoop",
                        metavar="MODULE:NAME", help="class to test (%(default)s)")
    parser.add_argument("--output", type=pathlib.Path, help="directory for logs and summary.json")
    options = parser.parse_args()
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")

    try:
        available = find_files()
    except ImportError:
        available = []
    if not available:
        version = "{}.{}".format(*sys.version_info[:2])
        print(f"1..0 # SKIP no test.test_asyncio (Debian: libpython{version}-testsuite)")
        return 0
    files = [name.removesuffix(".py") for name in options.files or available]
    unknown = sorted(set(files) - set(available))
    if unknown:
        parser.error("no such files in test_asyncio: " + " ".join(unknown))

    output = options.output or pathlib.Path(tempfile.mkdtemp(prefix="conformance-"))
    output.mkdir(parents=True, exist_ok=True)
    not_applicable = read_not_applicable(HERE / "not-applicable.txt")

    is_aioguest = options.loop_class.startswith("gi.repository.AioGuest:")

    tap = Tap()
    print("TAP version 13")
    tap.note(f"{sys.executable} {sys.version.split()[0]}, logs in {output}")
    summary = {"python": sys.version.split()[0], "loop": options.loop_class, "ticks": {}}

    baselines = Baselines(output)

    def run_both(tick, name):
        """Return the results with the stock loop and with ours, of which a run may have but one."""
        guest = None
        if not options.baseline_only:
            guest = process.run_file(name, TICKS[tick], options.loop_class, output / tick,
                                     set(not_applicable))
            if not options.every_baseline and compare.is_plainly_right(name, guest, not_applicable):
                return guest, guest
        return baselines.get(TICKS[tick], name), guest

    with ThreadPoolExecutor(options.jobs) as pool:
        ticks = CHOICES[options.tick]
        if options.baseline_only and "native" in ticks and "stock" in ticks:
            # The stock loop has no tick of ours: one run stands for both.
            ticks = [tick for tick in ticks if tick != "native"]
        # The longest first, so that none is waited for alone at the end.
        by_size = sorted(files, key=size_of, reverse=True)
        jobs = {(tick, name): pool.submit(run_both, tick, name) for name in by_size for tick in ticks}

        stale = set(not_applicable) if set(files) == set(available) else set()
        for tick, name in itertools.product(ticks, files):
            baseline, guest = jobs[tick, name].result()
            if guest is None:
                cases, counts = compare.baseline_only(tick, name, baseline)
            else:
                cases, counts = compare.compare(tick, name, baseline, guest, not_applicable)
            stale -= set(baseline.outcomes)
            for case in cases:
                tap.case(case)
            tap.note(compare.describe(tick, name, counts))
            summary["ticks"].setdefault(tick, {})[name] = counts

    for test_id in sorted(stale):
        tap.case(compare.Case(f"not-applicable.txt: {test_id}", "failed",
                              detail="There is no such test in this version."))
    for tick, counted in summary["ticks"].items():
        total = compare.total(counted.values())
        summary["ticks"][tick] = {"total": total, "files": counted}
        if files == available and is_aioguest and not options.baseline_only:
            tap.case(compare.was_used(tick, total))
    tap.plan()

    for tick, counts in summary["ticks"].items():
        counted = counts["files"]
        tap.note(compare.describe(tick, "total", summary["ticks"][tick]["total"]))
        unused = [name for name, counts in counted.items() if counts.get("runs") == 0]
        if unused:
            tap.note(f"{tick}: AioGuest.EventLoop never ran in: {' '.join(unused)}")
    summary["failures"] = tap.failures
    (output / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    tap.note("{passed} passed, {failed} failed, {skipped} skipped".format(**tap.counts))
    return 1 if tap.counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
