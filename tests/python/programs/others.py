# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The other threads of a program that is about to fork."""

import os
import threading

__all__ = ["let_others_sleep"]


def is_asleep(thread):
    try:
        with open(f"/proc/self/task/{thread}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "S"
    except (FileNotFoundError, ProcessLookupError):
        # It has ended.
        return True


def let_others_sleep():
    """Wait until they do; GLib's own may just be beginning.

    Of a thread that allocates memory meanwhile a child has AddressSanitizer's allocator locked.
    """
    others = {int(name) for name in os.listdir("/proc/self/task")} - {threading.get_native_id()}
    while not all(map(is_asleep, others)):
        os.sched_yield()
