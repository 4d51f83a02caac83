# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests' own programs write is read whole."""

import signal

from program import Program


def test_lines_beside_an_expected_one_are_kept():
    """They came with the same read as the line that was waited for."""
    with Program("lines.py") as program:
        program.expect("first")
        program.send(signal.SIGUSR1)
        assert program.finish() == (0, ["first", "second", "third", "last"], "")
