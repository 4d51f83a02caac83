# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Projects of tests, each run by a pytest in a process of its own: as a user would write them."""

import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys
import textwrap

import support

CONFTEST = pathlib.Path(__file__).parents[3] / "examples" / "testing" / "conftest.py"


def flags():
    return ["-X", "dev"] + [f"-W{option}" for option in sys.warnoptions]


def version(package):
    """As numbers, to be compared; () if it is not installed."""
    try:
        return tuple(map(int, importlib.metadata.version(package).split(".")[:2]))
    except importlib.metadata.PackageNotFoundError:
        return ()


def options():
    # Unset, it warns; before there was no such option.
    if version("pytest-asyncio") >= (0, 24):
        return ["-o", "asyncio_default_fixture_loop_scope=function"]
    return []


def run(directory, tests, *arguments):
    """Write the project, run it; return the pytest process once it is over, output captured."""
    shutil.copy(CONFTEST, directory)
    (directory / "test_inner.py").write_text(textwrap.dedent(tests))
    outcome = subprocess.run(
        [
            sys.executable, *flags(), "-m", "pytest", "-p", "no:cacheprovider", *options(),
            "--rootdir", directory, "--basetemp", directory / "inner", "-rA",
            *arguments, "test_inner.py",
        ],
        cwd=directory,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=support.PATIENCE,
    )
    print(outcome.stdout, outcome.stderr)
    return outcome
