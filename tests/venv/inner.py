# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Projects of tests, each run by a pytest in a process of its own: as a user would write them."""

import os
import pathlib
import shutil
import subprocess
import sys
import textwrap

import support

CONFTEST = pathlib.Path(__file__).parents[2] / "examples" / "testing" / "conftest.py"


def flags():
    return ["-X", "dev"] + [f"-W{option}" for option in sys.warnoptions]


def run(directory, tests, *arguments):
    """Write the project, run it; return the pytest process once it is over, output captured."""
    shutil.copy(CONFTEST, directory)
    (directory / "test_inner.py").write_text(textwrap.dedent(tests))
    outcome = subprocess.run(
        [
            sys.executable, *flags(), "-m", "pytest", "-p", "no:cacheprovider",
            "-o", "asyncio_default_fixture_loop_scope=function",
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
