# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of an application: each way to begin a run, each way to launch, each ending, with each toolkit.

What must happen is said by :func:`get_expected`. All of the table is for a nightly run; else each ending has one cell.
"""

import itertools
import os
import shutil
import signal

import gi
import pytest
from gi.repository import Gio

from bus import ApplicationBus
from program import Program
from support import NIGHTLY

KINDS = ["plain", "gtk3", "gtk4", "adw"]
NAMESPACES = {"gtk3": ("Gtk", "3.0"), "gtk4": ("Gtk", "4.0"), "adw": ("Adw", "1")}

RUNS = ["run with main", "run"]
WAYS = [*RUNS, "start early", "start in startup", "start in activate", "start alone"]
#: With these the loop is there before the application's run().
EARLY = [*RUNS, "start early", "start alone"]
#: With these the main task takes its first step at ::startup.
AT_STARTUP = ["run with main", "start early"]
#: With these nothing holds an application without windows.
NOT_HELD = ["run", "start alone"]

LAUNCHES = ["activate", "open", "command line"]

OF_WINDOWS = [
    "last window", "close first", "open first", "hidden", "own hold", "create_asyncio_task", "inactivity",
]
ON_A_BUS = ["second instance", "launched in the drain", "service"]
ENDINGS = [
    *OF_WINDOWS, "no window", "second activation", *ON_A_BUS, "registered", "quit", "SIGTERM", "SIGINT", "run twice",
]


def is_a_case(kind, way, launch, ending):
    if ending in OF_WINDOWS and kind == "plain":
        # What a hold is to it: there is none that is the main task's.
        return way in NOT_HELD and ending != "hidden"
    if ending == "launched in the drain":
        return way in AT_STARTUP
    if ending == "service":
        return launch == "activate"
    if ending == "run twice":
        return way in RUNS
    return True


def get_cells():
    number = itertools.count()
    for ending in ENDINGS:
        cells = [
            cell for cell in itertools.product(KINDS, WAYS, LAUNCHES, [ending]) if is_a_case(*cell)
        ]
        if not NIGHTLY:
            # Not always the same toolkit, and not always the same way.
            cells = [cells[(next(number) * 17) % len(cells)]]
        for cell in cells:
            yield pytest.param(*cell, id="-".join(cell).replace(" ", "_"))


def get_expected(kind, way, launch, ending):
    """The lines that the program prints, and its exit status."""
    lines = []
    loop = way in EARLY and ending != "registered"
    has_begun = False

    def place(name):
        lines.append(f"{name}: {'loop' if loop else 'no loop'}")

    def begin_main():
        nonlocal has_begun
        if not has_begun and way != "run":
            lines.append("main begins")
        has_begun = True

    def shut_down():
        nonlocal loop
        place("::shutdown")
        end_main()
        loop = False
        place("do_shutdown")

    def end_main():
        if has_begun and loop and way != "run":
            lines.append("main is cancelled")
            lines.append("main has cleaned up")

    def start_up():
        nonlocal loop
        place("do_startup")
        loop = loop or way == "start in startup"
        place("::startup")

    # Begin

    if ending == "registered":
        start_up()
        loop = loop or way in EARLY
        if way == "run with main":
            begin_main()
        place("handle_local_options")
    else:
        place("handle_local_options")
        start_up()
        if way in AT_STARTUP:
            begin_main()
    loop = True
    place(launch)
    if ending == "no window" and way in NOT_HELD:
        shut_down()
        return [*lines, "status 0, tasks left: []"], 0
    begin_main()
    place("action")

    # End

    status = 0
    if ending in ("close first", "open first", "hidden", "own hold", "inactivity"):
        place("going on")
    elif ending == "create_asyncio_task":
        lines.append("saved")
    elif ending == "no window":
        lines += ["main returns", "main has cleaned up"]
        has_begun = False
    elif ending == "second activation":
        place("activate")
    elif ending == "second instance":
        lines.append("waits")
        place("action")
        place(launch)
    elif ending == "SIGTERM" and way == "start alone":
        # It is no concern of the run's, and nothing is cleaned up.
        return lines, -signal.SIGTERM
    elif ending == "SIGTERM" and way in RUNS:
        status = 128 + signal.SIGTERM
    elif ending == "SIGINT":
        end_main()
        has_begun = False
        # The application quits when the run is over. If only the main task holds it, it ends before that.
        loop = kind == "plain" and way not in NOT_HELD
    if ending in ("second activation", "second instance") and kind != "plain":
        lines.append("windows: 1")

    shut_down()
    if ending == "SIGINT":
        return lines, -signal.SIGINT
    lines.append(f"status {status}, tasks left: []")
    if ending == "run twice":
        lines.append("refused")
    if ending == "launched in the drain":
        lines.insert(lines.index("main is cancelled") + 1, "main waits")
    return lines, status


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    if shutil.which("dbus-daemon") is None:
        pytest.skip("there is no dbus-daemon")
    with ApplicationBus(tmp_path_factory.mktemp("bus")) as bus:
        yield bus


def check_environment(kind, ending):
    if ending == "create_asyncio_task" and not hasattr(Gio.Application, "create_asyncio_task"):
        pytest.skip("this PyGObject has no create_asyncio_task()")
    if kind == "plain":
        return
    namespace, version = NAMESPACES[kind]
    if version not in gi.Repository.get_default().enumerate_versions(namespace):
        pytest.skip(f"there is no {namespace} {version}")
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        pytest.fail("GTK needs a display: run this under Xvfb", pytrace=False)


@pytest.mark.parametrize("kind, way, launch, ending", list(get_cells()))
def test_life(request, kind, way, launch, ending):
    check_environment(kind, ending)
    expected, expected_status = get_expected(kind, way, launch, ending)
    command = ["application_life.py", kind, way, launch, ending]
    # What Mesa says of a display without acceleration is nothing to us.
    environment = {"EGL_LOG_LEVEL": "fatal"}
    if ending in ON_A_BUS:
        bus = request.getfixturevalue("bus")
        environment["DBUS_SESSION_BUS_ADDRESS"] = bus.address

    if ending == "service":
        check_service(bus, command, way, expected)
        return
    with Program(*command, env=environment) as program:
        if ending == "second instance":
            program.expect("waits")
            bus.activate_action("act")
            check_second_instance(command, environment, way)
        elif ending == "launched in the drain":
            program.expect("main waits")
            check_launch_in_the_drain(command, environment, expected)
            program.send(signal.SIGUSR1)
        status, lines, errors = program.finish()
    assert lines == expected, errors
    assert status == expected_status
    if ending == "SIGINT":
        assert errors.count("Traceback") == 1
        assert errors.splitlines()[-1] == "KeyboardInterrupt"
    else:
        assert errors == ""


def check_second_instance(command, environment, way):
    """It ends with the status of the primary one, and its main task never begins."""
    with Program(*command, env=environment) as program:
        status, lines, errors = program.finish()
    loop = "loop" if way in EARLY else "no loop"
    assert (lines, errors, status) == (
        [f"handle_local_options: {loop}", "status 0, tasks left: []"], "", 0
    )


def check_launch_in_the_drain(command, environment, expected):
    """It is an instance of its own."""
    with Program(*command, env=environment) as program:
        program.expect("main waits")
        program.send(signal.SIGUSR1)
        status, lines, errors = program.finish()
    assert (lines, errors, status) == (expected, "", 0)


def check_service(bus, command, way, expected):
    """The bus launches it, by an activation; nothing but a window holds it."""
    lines, errors = bus.launch_service(command)
    if way not in [*AT_STARTUP, "run"]:
        # The main task begins in the turn of the main loop in which the bus's message comes, or before.
        lines.remove("main begins")
        expected.remove("main begins")
    assert (lines, errors) == (expected, "")
