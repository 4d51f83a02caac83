# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a main task as a table: each event in each state, and what follows.

data/life.json is the table as it was recorded. A submission has a third of it. life_table.py says how it is
recorded anew.
"""

import pytest

from life_table import STATES, Table, live
from support import NIGHTLY

HOSTS = ["run", "run-application", "start-before-application", "main-loop", "own-context", "thread"]
EVENTS = [
    "main returns", "main raises", "main is cancelled", "main swallows it", "the host quits", "SIGINT", "SIGTERM",
    "loop.stop()", "sys.exit() in a callback", "fork", "second session",
]

#: Of the main thread only.
OF_SIGNALS = ["SIGINT", "SIGTERM"]


def get_events(host):
    return [event for event in EVENTS if host != "thread" or event not in OF_SIGNALS]


@pytest.fixture(scope="module")
def table():
    table = Table("life.json")
    yield table
    table.save()


def get_columns():
    """Each state with its hosts: with all of them, or with two, such that each host is met in some of the states."""
    for number, state in enumerate(STATES):
        yield from ((state, host) for host in (HOSTS if NIGHTLY else HOSTS[number % 3::3]))


@pytest.mark.parametrize("state, host", list(get_columns()))
def test_life(table, host, state):
    found = {f"{host}, {state}, {event}": live(host, state, event) for event in get_events(host)}
    assert table.get_rows(found) == found
