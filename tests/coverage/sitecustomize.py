# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Has every Python process of a test run measured (tests/run.sh --coverage)."""

import os
import warnings


def save_at_os_exit(coverage):
    """os._exit() runs no exit functions: what such a process has covered would be lost."""
    os_exit = os._exit

    def save_and_exit(status):
        current = coverage.Coverage.current()
        if current is not None:
            current.stop()
            current.save()
        os_exit(status)

    os._exit = save_and_exit


with warnings.catch_warnings():
    # The tests run with warnings as errors, which are not for the tools.
    warnings.simplefilter("ignore")
    try:
        import coverage
    except ImportError:
        # Another interpreter than the one that has the tests, such as Meson's.
        pass
    else:
        if coverage.process_startup() is not None:
            save_at_os_exit(coverage)
