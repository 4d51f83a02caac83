# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a process has: to be the same before and after."""

import contextlib
import gc
import os
import sys

import support


def sources(mark):
    """Those attached to the default main context since the mark that still are."""
    context = support.GLib.MainContext.default()
    found = map(context.find_source_by_id, range(mark + 1, support.source_mark()))
    return [source for source in found if source is not None]


def forget_last_exception():
    """Python holds on to the last one that a callback of the host has raised, and by its traceback to
    every frame below: that of the main loop, and so the run."""
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        with contextlib.suppress(AttributeError):
            delattr(sys, name)


def descriptors():
    """What each is, by its number."""
    found = {}
    for number in support.descriptors():
        # But for that of the directory itself.
        with contextlib.suppress(FileNotFoundError):
            found[number] = os.readlink(f"/proc/self/fd/{number}")
    return found


def take():
    """Descriptors, and the number of threads, when what is unreachable is gone."""
    forget_last_exception()
    gc.collect()
    return descriptors(), support.threads()
