#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""After: AioGuest. ``nest_asyncio_before.py`` is the same with nest_asyncio."""

import asyncio
import subprocess

import gi

gi.require_version('AioGuest', '1.0')
from gi.repository import AioGuest  # noqa: E402


async def ask(question):
    process = await asyncio.create_subprocess_exec('printf', question, stdout=subprocess.PIPE)
    text, _ = await process.communicate()
    return text.decode()


class Greeting:
    def __str__(self):  # called by print(), which does not await
        return AioGuest.wait(ask('Hello!'))


async def main():
    print(Greeting())


AioGuest.run(main())
