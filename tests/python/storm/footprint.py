# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a process has: to be the same before and after."""

import gc

import support


def sources(mark):
    """How many sources were attached to the default main context since the mark, and still are."""
    context = support.GLib.MainContext.default()
    return sum(
        context.find_source_by_id(number) is not None
        for number in range(mark + 1, support.source_mark())
    )


def take():
    """Descriptors, the number of threads, and that of the objects that the collector knows."""
    gc.collect()
    return support.descriptors(), support.threads(), len(gc.get_objects())
