# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of uses of everything public, each to be made again and again.

A function is called outside of a run, an async one is awaited inside. Each leaves all as it was.
"""

import asyncio
import contextlib
import functools

#: What to call the use by, to the names that it uses and the function.
USES = {}


def use_of(*names, each=None):
    """Register a use of *names*, or one for *each* value of an argument."""

    def register(function):
        if each is None:
            USES[function.__name__] = names, function
        else:
            for value in each:
                USES[f"{function.__name__}-{value}"] = names, functools.partial(function, value)
        return function

    return register


@contextlib.contextmanager
def refused(error):
    try:
        yield
    except error:
        return
    raise AssertionError("it was not refused")


async def work():
    """Something of all that a run must clear away."""

    async def numbers():
        for number in range(3):
            yield number
            await asyncio.sleep(0)

    loop = asyncio.get_running_loop()
    loop.call_later(60, print)
    left = asyncio.create_task(asyncio.sleep(60))  # noqa: F841
    asyncio.create_task(asyncio.sleep(0))
    async for _ in numbers():
        break
    await asyncio.sleep(0)
    return "done"


async def end_by_error():
    await asyncio.sleep(0)
    raise LookupError
