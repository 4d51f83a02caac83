# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ways in which the main task of a storm comes to its end, in the midst of it or not."""

import asyncio

from .ledger import Expected


async def by_return():
    pass


async def by_error():
    raise Expected


async def by_cancellation():
    asyncio.current_task().cancel()
    await asyncio.sleep(3600)


async def by_stop():
    asyncio.get_running_loop().stop()
    await asyncio.sleep(3600)


async def by_exit():
    raise SystemExit(3)


#: By name: how, and what the host's function must raise then. Of these only the first waits for what
#: is outstanding.
ENDINGS = {
    "return": (by_return, ()),
    "cut short": (by_return, ()),
    "error": (by_error, (Expected,)),
    "cancellation": (by_cancellation, (asyncio.CancelledError,)),
    # run() says that it was stopped; to start() the drain has cancelled the task.
    "stop": (by_stop, (RuntimeError, asyncio.CancelledError)),
    "exit": (by_exit, (SystemExit,)),
}
