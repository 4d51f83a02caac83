# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Has every Python process of a test run measured (tests/run.sh --coverage)."""

import atexit
import ctypes
import os
import warnings


def save_c():
    """Write down what of the C code was executed, and count anew.

    The runtime does so when a process ends by exit(); not by os._exit(), nor by the signal that
    Python, having tidied up, ends itself by after a KeyboardInterrupt.
    """
    build = os.path.dirname(os.environ["AIOGUEST_COVERAGE"]) + os.sep
    with open("/proc/self/maps", encoding="utf-8") as maps:
        paths = {line.split(maxsplit=5)[5].rstrip("\n") for line in maps if build in line}
    # Each library writes its own counters; one of them sets back all.
    libraries = [ctypes.CDLL(path) for path in paths if ".so" in path]
    for library in libraries:
        library["__gcov_dump"]()
    for library in libraries[:1]:
        library["__gcov_reset"]()


def save_python(coverage):
    current = coverage.Coverage.current()
    if current is not None:
        current.stop()
        current.save()


def save_at_os_exit(coverage):
    """os._exit() runs no exit functions: what such a process has covered would be lost."""
    os_exit = os._exit

    def save_and_exit(status):
        save_python(coverage)
        save_c()
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
        # The first exit function to be registered is the last to be called.
        atexit.register(save_c)
        save_at_os_exit(coverage)
        # Not if COVERAGE_PROCESS_START is empty: then the C code alone is measured.
        coverage.process_startup()
