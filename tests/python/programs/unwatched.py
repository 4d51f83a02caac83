# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""All dict watchers are taken, and the loop's selector has no descriptor: prints what is said of it."""

import asyncio
import selectors

import gi

from watchers import take_dict_watchers

take_dict_watchers()
gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest  # noqa: E402

try:
    AioGuest.run(
        asyncio.sleep(0), loop_factory=lambda: AioGuest.EventLoop(selectors.PollSelector())
    )
except RuntimeError as error:
    print(error)
