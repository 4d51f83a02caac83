# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ways in which a program with a window ends, each in a process of its own."""

import os
import signal

import gi
import pytest

from program import Program
from test_endings import check_cleaned_up

VERSIONS = [
    version for version in ("3.0", "4.0")
    if version in gi.Repository.get_default().enumerate_versions("Gtk")
]


@pytest.fixture(params=VERSIONS or [pytest.param(None, marks=pytest.mark.skip("there is no GTK"))])
def gtk(request):
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        pytest.fail("GTK needs a display: run this under Xvfb", pytrace=False)
    # What Mesa says of a display without acceleration is nothing to us.
    return {"AIOGUEST_TEST_GTK": request.param, "EGL_LOG_LEVEL": "fatal"}


def end(host, way, environment, signum=None):
    with Program("ending.py", host, way, env=environment) as program:
        if signum is not None:
            program.expect("ready")
            program.send(signum)
        status, lines, errors = program.finish()
    check_cleaned_up(lines)
    return status, errors


@pytest.mark.parametrize("host", ["run-application", "start-in-application"])
@pytest.mark.parametrize("way", [
    "last window closed", "app.quit() by the host", "app.quit() by a task",
])
def test_end(gtk, host, way):
    assert end(host, way, gtk) == (0, "")


@pytest.mark.parametrize("host, status", [
    ("run-application", 128 + signal.SIGTERM), ("start-in-application", 0),
])
def test_sigterm(gtk, host, status):
    assert end(host, "wait", gtk, signal.SIGTERM) == (status, "")


@pytest.mark.parametrize("host", ["run-application", "start-in-application"])
def test_ctrl_c(gtk, host):
    status, errors = end(host, "wait", gtk, signal.SIGINT)
    assert status == -signal.SIGINT
    assert errors.count("Traceback") == 1
    assert errors.splitlines()[-1] == "KeyboardInterrupt"


@pytest.mark.parametrize("way", [
    "sys.exit() in main", "sys.exit() in a task", "sys.exit() in a handler()",
    "sys.exit() at once in a handler()",
])
def test_sys_exit(gtk, way):
    assert end("run-application", way, gtk) == (7, "")


def test_exception_in_main(gtk):
    status, errors = end("run-application", "raise", gtk)
    assert status == 1
    assert errors.count("Traceback") == 1
    assert errors.splitlines()[-1] == "LookupError: from main"


@pytest.mark.skipif("3.0" not in VERSIONS, reason="GTK 4 has no main loops of its own")
@pytest.mark.parametrize("ending", ["dialog_in_step", "gtk_main_in_step"])
@pytest.mark.parametrize("host", ["run-application", "start-in-application"])
def test_second_ctrl_c_ends_main_loops_of_gtk(host, ending):
    with Program("presses.py", host, ending, "1", env={"AIOGUEST_TEST_GTK": "3.0"}) as program:
        program.expect("ready")
        for _ in range(2):
            program.wait_until_idle()
            program.send(signal.SIGINT)
        status, lines, errors = program.finish()
    assert lines == ["ready", "nested loop ended"]
    assert status == -signal.SIGINT
    assert errors.count("Traceback") == 1
