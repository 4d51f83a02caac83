# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run one file of CPython's test_asyncio and log each test as a JSON line.

Called by run.py, one process per file.  The log is written line by line so
that it tells which test was running when the process dies.
"""

import argparse
import asyncio
import contextlib
import faulthandler
import functools
import gc
import importlib
import json
import os
import sys
import threading
import time
import unittest

import substitution


class Log:
    """JSON lines, each written at once, by the process that opened the file."""

    def __init__(self, path):
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._pid = os.getpid()

    def write(self, event, **fields):
        # A test's forked child must not report in its parent's name.
        if os.getpid() == self._pid:
            os.write(self._fd, json.dumps({"event": event, **fields}).encode() + b"\n")


class Result(unittest.TestResult):
    """Logs one outcome per test; failed sub-tests make their test fail."""

    def __init__(self, log):
        super().__init__()
        self._log = log
        self._outcome = None
        self._started = 0.0
        self.current = None

    def startTest(self, test):
        super().startTest(test)
        self.current = test.id()
        self._outcome = None
        self._started = time.monotonic()
        self._log.write("start", id=self.current)

    def stopTest(self, test):
        super().stopTest(test)
        outcome, detail = self._outcome or ("passed", "")
        self._log.write("outcome", id=test.id(), outcome=outcome, detail=detail,
                        seconds=round(time.monotonic() - self._started, 3))
        self.current = None

    def _note(self, test, outcome, detail):
        if self.current is None:
            # setUpModule, setUpClass and their counterparts belong to no test.
            self._log.write("outcome", id=test.id(), outcome=outcome, detail=detail, seconds=0)
            return
        if self._outcome is not None and self._outcome[0] == "failed":
            detail = self._outcome[1] + "\n" + detail
            outcome = "failed"
        self._outcome = (outcome, detail)

    def addError(self, test, err):
        self._note(test, "failed", self._exc_info_to_string(err, test))

    def addFailure(self, test, err):
        self._note(test, "failed", self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._note(test, "failed", f"{subtest}\n{self._exc_info_to_string(err, test)}")

    def addSkip(self, test, reason):
        self._note(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        self._note(test, "passed", "expected failure")

    def addUnexpectedSuccess(self, test):
        self._note(test, "failed", "unexpected success")


def tests_of(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from tests_of(item)
        else:
            yield item


def without(suite, ids):
    """A copy of `suite` without the tests in `ids`, order and grouping kept."""
    kept = unittest.TestSuite()
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            kept.addTest(without(item, ids))
        elif item.id() not in ids:
            kept.addTest(item)
    return kept


def open_descriptors():
    names = os.listdir("/proc/self/fd")
    # The listing itself needs one.
    return len(names) - 1


def use_resources():
    """Everything regrtest knows but what needs other machines or a screen."""
    from test import support
    try:
        from test.libregrtest.utils import ALL_RESOURCES
    except ImportError:
        from test.libregrtest.cmdline import ALL_RESOURCES
    # A dictionary serves all versions: 3.14 looks values up in it.
    support.use_resources = {name: None for name in ALL_RESOURCES
                             if name not in ("network", "urlfetch", "gui", "audio")}


def leave_debug_mode_to_asyncio():
    """Have IsolatedAsyncioTestCase not put each of its loops into debug mode.

    There the native tick leaves the work to _run_once(), and a third of all
    runs would never test it.  `python -X dev` still switches it on.
    """
    test_case = unittest.IsolatedAsyncioTestCase
    setup_runner = test_case._setupAsyncioRunner

    @functools.wraps(setup_runner)
    def setup_runner_without_debug(self):
        setup_runner(self)
        self._asyncioRunner._debug = None

    test_case._setupAsyncioRunner = setup_runner_without_debug


def run(module_name, excluded, log, census):
    log.write("begin", module=module_name)
    try:
        module = importlib.import_module("test.test_asyncio." + module_name)
    except unittest.SkipTest as reason:
        log.write("skip-file", reason=str(reason))
        return
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    suite = without(suite, excluded)
    log.write("plan", ids=[test.id() for test in tests_of(suite)])

    result = Result(log)

    def unraisable(args):
        log.write("unraisable", id=result.current, exception=repr(args.exc_value),
                  object=repr(args.object), message=args.err_msg)

    def thread_died(args):
        log.write("unraisable", id=result.current, exception=repr(args.exc_value),
                  object=repr(args.thread), message="in a thread")

    sys.unraisablehook = unraisable
    threading.excepthook = thread_died

    # What a first run opens for the life of the process is no leak.
    asyncio.run(asyncio.sleep(0))
    gc.collect()
    census.restart()
    descriptors, threads = open_descriptors(), threading.active_count()

    suite.run(result)
    del suite, module

    for _ in range(3):
        gc.collect()
    log.write("end", descriptors=open_descriptors() - descriptors,
              threads=threading.active_count() - threads)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module")
    parser.add_argument("log")
    parser.add_argument("--loop-class", help="MODULE:NAME, in place of the selector loop")
    parser.add_argument("--exclude", help="file with the test ids to leave out")
    options = parser.parse_args()

    faulthandler.enable()
    log = Log(options.log)
    excluded = set()
    if options.exclude:
        with open(options.exclude, encoding="utf-8") as lines:
            excluded.update(line.rstrip("\n") for line in lines)

    census = substitution.Census()
    if options.loop_class:
        loop_class = substitution.load_class(options.loop_class)
        substitution.substitute(loop_class)
        substitution.count_use(loop_class, census)
        if options.loop_class.startswith("gi.repository.AioGuest:"):
            substitution.count_ticks(census)

    from test.support import os_helper
    use_resources()
    leave_debug_mode_to_asyncio()
    with contextlib.ExitStack() as stack:
        # Some tests write files into the current directory.
        stack.enter_context(os_helper.temp_cwd(None))
        stack.callback(lambda: log.write("census", **census.as_dict()))
        run(options.module, excluded, log, census)
    log.write("done")


if __name__ == "__main__":
    main()
