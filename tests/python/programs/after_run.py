# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""After runs in several hosts Ctrl-C raises KeyboardInterrupt wherever the program is."""

import asyncio
import signal

from hosts import AioGuest, GLib, application, main_loop, run


async def main():
    await asyncio.sleep(0.001)


def bound(main):
    AioGuest.run(application(), main=main, debug=False)


for host in (run, main_loop, bound):
    host(main)
    assert signal.set_wakeup_fd(-1) == -1
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        print("KeyboardInterrupt")
    assert not GLib.MainContext.default().pending()
