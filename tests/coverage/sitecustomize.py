# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Has every Python process of a test run measured (tests/run.sh --coverage)."""

import warnings

with warnings.catch_warnings():
    # The tests run with warnings as errors, which are not for the tools.
    warnings.simplefilter("ignore")
    try:
        import coverage
    except ImportError:
        # Another interpreter than the one that has the tests, such as Meson's.
        pass
    else:
        coverage.process_startup()
