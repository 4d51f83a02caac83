# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A library for synchronous callers: it recurses, and calls a hook that may block."""


def expand(name, load):
    """The text that ``load(name)`` returns, with each ``include`` line replaced by its text."""
    text = ''
    for line in load(name).splitlines(keepends=True):
        if line.startswith('include '):
            text += expand(line.removeprefix('include ').strip(), load)
        else:
            text += line
    return text
