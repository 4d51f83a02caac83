# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three applications, run one after the other."""

import asyncio

from hosts import AioGuest, application

for number in range(3):

    async def main():
        await asyncio.sleep(0.001)
        print(number)

    assert AioGuest.run(application(), main=main, debug=False) == 0
