# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""full_pipe.py: another thread wakes a loop whose pipe takes no more."""

import asyncio
import threading

import gi

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest  # noqa: E402


async def main():
    loop = asyncio.get_running_loop()
    called = []
    over = loop.create_future()

    def call():
        for i in range(100):
            loop.call_soon_threadsafe(called.append, i)
        loop.call_soon_threadsafe(over.set_result, None)

    try:
        while True:
            loop._csock.send(bytes(4096))
    except BlockingIOError:
        print("full")
    thread = threading.Thread(target=call)
    thread.start()
    # None of it has been read: this is still the same step.
    thread.join()
    await over
    assert called == list(range(100))
    print(f"called {len(called)} times")
    return "result"


print(AioGuest.run(main(), debug=False))
