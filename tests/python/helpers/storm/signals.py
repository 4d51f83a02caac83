# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals: the guest's and the host's."""

import os
import signal

from gi.repository import GLib

import support

from .operations import one_of, operation

GUEST = signal.SIGUSR1
HOST = signal.SIGUSR2


@operation(3, signum=one_of(GUEST, HOST))
def kill(storm, signum):
    """Several of one may become one, but after each comes a call."""
    # Nobody handles it any more when the run is about to end.
    if not storm.ending:
        storm.expect_signal(signum)
        os.kill(os.getpid(), signum)


@operation(2, signum=one_of(GUEST, HOST))
def kill_from_thread(storm, signum):
    storm.expect_signal(signum)
    storm.start_thread(lambda: os.kill(os.getpid(), signum))


class Handlers:
    """Those of both, for the time of a run."""

    def __init__(self, storm):
        self._loop = storm.loop
        self._loop.add_signal_handler(GUEST, storm.on_signal, GUEST)
        self._source = support.unix_signal_add(
            GLib.PRIORITY_DEFAULT, HOST, storm.on_signal, HOST
        )

    def remove(self):
        self._loop.remove_signal_handler(GUEST)
        GLib.source_remove(self._source)
