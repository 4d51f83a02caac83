# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a Python program needs to know: the namespace. Run with the prefix as its argument."""

import asyncio
import sys

import gi

gi.require_version('AioGuest', '1.0')
from gi.repository import AioGuest  # noqa: E402


async def main() -> str:
    await asyncio.sleep(0.001)
    return 'a result'


prefix = sys.argv[1]
assert AioGuest.run(main()) == 'a result'

# All of it is the installed one.
with open('/proc/self/maps', encoding='utf-8') as maps:
    loaded = {line.split()[-1] for line in maps if 'aioguest' in line.lower()}
assert any('libaioguest-1.0.so' in path for path in loaded), loaded
assert any('/_core.' in path for path in loaded), loaded
assert all(path.startswith(prefix) for path in loaded), loaded
print('ran', *sorted(loaded))
