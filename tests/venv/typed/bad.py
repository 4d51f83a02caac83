# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mistakes: type checkers find something wrong in each line that says so, and in no other.

``typed``: if the stubs of PyGObject are there, too.
"""

import asyncio

import gi

gi.require_version('AioGuest', '1.0')
from gi.repository import AioGuest  # noqa: E402


async def main() -> int:
    return 42


def plain(button: str) -> None:
    print(button)


def on_done(task: asyncio.Task[str]) -> None:
    print(task.result())


AioGuest.spawn(5)  # error
AioGuest.spawn(main)  # error
AioGuest.spawn(main(), until='unrealize')  # error
AioGuest.start(main)  # error
AioGuest.start(main(), slice=5)  # error
AioGuest.start(main(), nested='never')  # error
AioGuest.start(main(), done_callback=on_done)  # error
AioGuest.run(main(), ['program'])  # error: typed
AioGuest.handler(plain)  # error
AioGuest.handler(main())  # error
AioGuest.wait(5)  # error
AioGuest.EventLoop(nested=True)  # error
AioGuest.get_run('name')  # error
AioGuest.no_such_name  # error
number: str = AioGuest.run(main())  # error
text: int = AioGuest.describe()  # error


@AioGuest.handler(while_running='always')  # error
async def on_clicked(button: str) -> None:
    print(button)


@AioGuest.handler
async def on_key(key: int) -> None:
    print(key)


on_key('key')  # error
on_key.no_such_method()  # error


class Window:
    @AioGuest.handler
    async def on_search(self, text: str) -> None:
        print(text)


Window().on_search(5)  # error
Window().on_search.cancel(5)  # error


def state(run: AioGuest.Run) -> None:
    run.props.ticks = 5  # error
    run.no_such_method()  # error: typed
