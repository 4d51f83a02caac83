# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""signal_source.py HOST SIGNAL: has a signal source of GLib's from before the run."""

import asyncio
import signal
import sys

import gi
from gi.repository import Gio, GLib

from hosts import HOSTS


def unix_signal_add(*args):
    # The newer place, if PyGObject knows it; it warns of the older one then.
    try:
        gi.require_version("GLibUnix", "2.0")
        from gi.repository import GLibUnix

        add = GLibUnix.signal_add
    except (ValueError, AttributeError, ImportError):
        add = GLib.unix_signal_add
    return add(*args)


received = asyncio.Event()


def on_signal():
    print("source")
    received.set()
    return GLib.SOURCE_REMOVE


async def main():
    print("ready")
    await received.wait()
    print("main over")
    application = Gio.Application.get_default()
    if application is not None:
        application.quit()


unix_signal_add(GLib.PRIORITY_DEFAULT, signal.Signals[sys.argv[2]], on_signal)
HOSTS[sys.argv[1]](main)
