# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pytest plugin that prints TAP, one line per test case, for `meson test`.

Loaded by `python -m pytest -p tap_plugin FILE` with this directory on the
PYTHONPATH.  Standard output carries TAP only: what pytest, the tests and
their children print goes to standard error.
"""

import os
import shutil
import sys
import tempfile

import pytest


def _take_standard_output():
    """Keep standard output for TAP, give everybody else standard error.

    This happens when the plugin is imported, before pytest starts to capture
    and remembers which descriptors were there.
    """
    sys.stdout.flush()
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    return stream


class Tap:
    def __init__(self, stream):
        self._stream = stream
        self._count = 0
        self._reports = []

    def _note(self, text):
        for line in text.splitlines():
            print("#", line, file=self._stream)

    def _line(self, ok, name, directive=""):
        self._count += 1
        result = "ok" if ok else "not ok"
        # Meson takes any "#" for the start of a directive, escaped or not.
        name = name.replace("#", "_")
        print(f"{result} {self._count} - {name}{directive}", file=self._stream)

    @staticmethod
    def _skip_reason(report):
        # A (path, line, reason) triple, or text.
        reason = report.longrepr
        if isinstance(reason, tuple):
            reason = reason[2]
        reason = " ".join(str(reason).split())
        return reason.removeprefix("Skipped: ")

    def pytest_sessionstart(self):
        print("TAP version 13", file=self._stream)

    def pytest_collectreport(self, report):
        if report.failed:
            self._line(False, f"{report.nodeid or 'session'} (collection)")
            self._note(report.longreprtext)
        elif report.skipped and report.nodeid:
            self._line(True, report.nodeid, f" # SKIP {self._skip_reason(report)}")

    def pytest_runtest_logstart(self, nodeid):
        # Names the culprit when the process dies.
        self._note(f"start: {nodeid}")
        self._reports = []

    def pytest_runtest_logreport(self, report):
        self._reports.append(report)

    def pytest_runtest_logfinish(self, nodeid):
        failed = [report for report in self._reports if report.failed]
        skipped = [report for report in self._reports if report.skipped]
        called = any(report.when == "call" for report in self._reports)
        if failed:
            self._line(False, nodeid)
            for report in failed:
                self._note(f"--- {report.when} ---\n{report.longreprtext}")
            for title, text in self._reports[-1].sections:
                self._note(f"--- {title} ---\n{text}")
        elif skipped and hasattr(skipped[0], "wasxfail"):
            self._line(False, nodeid, f" # TODO {skipped[0].wasxfail}")
        elif skipped:
            self._line(True, nodeid, f" # SKIP {self._skip_reason(skipped[0])}")
        elif any(hasattr(report, "wasxfail") for report in self._reports):
            # Meson counts a TODO that passes as a failure.
            self._line(True, nodeid, " # TODO passes unexpectedly")
        else:
            # A test whose call left no report did not run.
            self._line(called, nodeid)

    def pytest_internalerror(self, excrepr):
        self._note(str(excrepr))
        print("Bail out! pytest internal error", file=self._stream)

    def pytest_keyboard_interrupt(self, excinfo):
        # The hook is also called when collection failed, which has its line.
        if excinfo.errisinstance(KeyboardInterrupt):
            print("Bail out! interrupted", file=self._stream)

    def pytest_sessionfinish(self):
        print(f"1..{self._count}", file=self._stream)
        self._stream.flush()


_stream = _take_standard_output()


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Give this process a temporary directory of its own.

    In the one that pytest's processes share each tidies up after the others, and warns where two do so at once.
    """
    if config.option.basetemp is None:
        directory = tempfile.mkdtemp(prefix="aioguest-")
        config.option.basetemp = os.path.join(directory, "pytest")
        config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.pluginmanager.register(Tap(_stream), "tap")
