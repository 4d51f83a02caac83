#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Before: nest_asyncio, so that synchronous code can await. ``nest_asyncio_after.py`` is the same with AioGuest."""

import asyncio
import subprocess

import nest_asyncio


async def ask(question):
    process = await asyncio.create_subprocess_exec('printf', question, stdout=subprocess.PIPE)
    text, _ = await process.communicate()
    return text.decode()


class Greeting:
    def __str__(self):  # called by print(), which does not await
        return asyncio.get_running_loop().run_until_complete(ask('Hello!'))


async def main():
    print(Greeting())


nest_asyncio.apply()
asyncio.run(main())
