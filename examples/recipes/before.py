#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Before: a synchronous library over a blocking hook. ``after.py`` is the same in a window."""

import pathlib

from expansion import expand

FOLDER = pathlib.Path(__file__).parent / 'include'


# The bottom: blocks.
def load(name):
    return (FOLDER / name).read_text()


# The top: calls the library.
def main():
    print(expand('letter.txt', load), end='')


main()
