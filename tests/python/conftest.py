# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every test gets: a watchdog, a check that nothing is left behind, and
the fixtures that run a coroutine in a host."""

import asyncio
import faulthandler
import gc
import logging
import os
import signal

import pytest

# A shell without job control has what it runs in the background ignore Ctrl-C, and that is
# inherited by all processes below. PyGObject remembers what it found when it was imported.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import support  # noqa: E402

#: Seconds after which a test that hangs shows all stacks and ends the process.
WATCHDOG = float(os.environ.get("AIOGUEST_TEST_WATCHDOG", "300"))

_stderr = None


def pytest_configure(config):
    config.addinivalue_line("markers", "every_host: the file is about hosts, so run() is each of them")
    # Output capture is suspended here: this is the real standard error.
    global _stderr
    _stderr = os.fdopen(os.dup(2), "w")


def pytest_unconfigure(config):
    _stderr.close()


def pytest_collection_finish(session):
    """What is there before the first test need not be looked at after each of them: the garbage
    collector would spend more time on it than the tests take."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter):
    """Show the figures that tests have measured."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) != "call":
                continue
            for name, value in report.user_properties:
                terminalreporter.write_line(f"# {report.nodeid}: {name} = {value}")


@pytest.fixture(autouse=True)
def watchdog():
    faulthandler.dump_traceback_later(WATCHDOG, exit=True, file=_stderr)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(autouse=True)
def nothing_left():
    """No running loop, source or thread of ours outlives a test."""
    mark = support.source_mark()
    yield
    gc.collect()
    assert asyncio._get_running_loop() is None, "a running loop was left set"
    assert support.sources_since(mark) == [], "sources were left attached"
    assert support.poller_threads() == 0, "a poller thread was left"


@pytest.fixture
def run(request):
    """Run a coroutine to its end in a host; return its result.

    That is AioGuest.run(), and each of the hosts in turn in files that are marked with every_host,
    and everywhere in a nightly run.
    """
    return support.HOSTS[request.param]


def pytest_generate_tests(metafunc):
    names = [marker.args[0] for marker in metafunc.definition.iter_markers("parametrize")]
    if "run" in metafunc.fixturenames and "run" not in names:
        every = support.NIGHTLY or metafunc.definition.get_closest_marker("every_host")
        metafunc.parametrize("run", sorted(support.HOSTS) if every else ["run"], indirect=True)


@pytest.fixture
def errors(caplog):
    """The records that asyncio's logger gets at ERROR or above."""
    caplog.set_level(logging.ERROR, "asyncio")

    def get():
        return [
            record
            for record in caplog.records
            if record.name == "asyncio" and record.levelno >= logging.ERROR
        ]

    return get
