# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a main task as a table, in an application of GTK that has a window.

data/life-gtk.json is the table as it was recorded. It is the same with each GTK. A submission has a third of the cells,
each with one GTK. life_table.py says how the table is recorded anew.
"""

import itertools
import os

import gi
import pytest

from life_table import STATES, Table, live
from support import NIGHTLY

VERSIONS = ["3.0", "4.0"]
HOSTS = ["run-application", "start-before-application"]
EVENTS = ["last window", "main returns", "the host quits", "SIGINT", "SIGTERM"]


def get_cells():
    cells = list(itertools.product(HOSTS, STATES, EVENTS))
    if NIGHTLY:
        cells = itertools.product(VERSIONS, cells)
    else:
        # Each third one: three does not divide the number of events, so each of them is met in some of the states.
        cells = zip(itertools.cycle(VERSIONS), cells[::3])
    for version, cell in cells:
        yield pytest.param(version, *cell, id="-".join([f"gtk{version[0]}", *cell]).replace(" ", "_"))


@pytest.fixture
def gtk(request):
    """Environment variables of a program with this GTK."""
    if request.param not in gi.Repository.get_default().enumerate_versions("Gtk"):
        pytest.skip(f"the typelib of GTK {request.param[0]} is not installed")
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        pytest.fail("GTK needs a display: run this under Xvfb", pytrace=False)
    # What Mesa says of a display without acceleration is nothing to us.
    return {"AIOGUEST_TEST_GTK": request.param, "EGL_LOG_LEVEL": "fatal"}


@pytest.fixture(scope="module")
def table():
    table = Table("life-gtk.json")
    yield table
    table.save()


@pytest.mark.parametrize("gtk, host, state, event", list(get_cells()), indirect=["gtk"])
def test_life(table, gtk, host, state, event):
    found = {f"{host}, {state}, {event}": live(host, state, event, own_env=gtk)}
    assert table.get_rows(found) == found
