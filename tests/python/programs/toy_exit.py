# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""toy_exit.py: exits in the midst of a life whose guest is not asyncio."""

import atexit

import support  # noqa: F401  it names the version of AioGuest

from toy_guest import ToyLife

life = ToyLife()


def main():
    try:
        yield life.guest.forever
    finally:
        yield life.guest.yield_
        print("main has cleaned up")


# Called after the exit function of the life.
atexit.register(lambda: print(*life.states, flush=True))
life.begin(main())
