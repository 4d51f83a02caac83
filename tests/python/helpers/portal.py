# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Synchronous functions that await, with nothing but greenlets: a portal in small."""

import greenlet


async def under(function, *args):
    """Call *function* in a greenlet of its own, and await what it switches to its parent with."""
    child = greenlet.greenlet(function)
    value = child.switch(*args)
    while not child.dead:
        try:
            result = await value
        except BaseException as error:
            value = child.throw(error)
        else:
            value = child.switch(result)
    return value


def await_(awaitable):
    return greenlet.getcurrent().parent.switch(awaitable)
