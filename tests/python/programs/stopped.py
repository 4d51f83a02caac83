# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""stopped.py: another thread stops a run, which is not its to stop. The run goes on to its end."""

import asyncio
import threading

import gi

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest  # noqa: E402


async def main():
    thread = threading.Thread(target=AioGuest.get_run().stop)
    thread.start()
    thread.join()
    await asyncio.sleep(0.001)
    return "result"


print(AioGuest.run(main(), debug=False))
print(asyncio._get_running_loop())
print(AioGuest.run(main(), debug=False))
