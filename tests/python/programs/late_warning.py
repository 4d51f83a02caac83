# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""late_warning.py: with the shim preloaded, the main context can't poll in the iteration that ends the run."""

import asyncio
import ctypes
import errno

import gi

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest  # noqa: E402

shim = ctypes.CDLL(None)
CALLS = (b"poll", b"ppoll")


class Loop(AioGuest.EventLoop):
    def stop(self):
        for call in CALLS:
            shim.faults_set(call, 1, errno.ENOMEM, 1)
        # In the next tick, as the slice is over: so in an iteration of its own.
        self.call_soon(super().stop)


async def main():
    return "result"


try:
    print(AioGuest.run(main(), loop_factory=Loop, slice_us=1, debug=False))
except Exception as error:
    print(f"{type(error).__name__}: {error}")
print("struck" if any(shim.faults_count(call) for call in CALLS) else "never called")
print(asyncio._get_running_loop())
