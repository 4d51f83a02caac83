# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An override whose compiled part this interpreter can't load tells why, and what to do."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from gi.overrides import AioGuest as override

from program import interpreter

IMPORT = """
import gi
gi.require_version('AioGuest', '1.0')
try:
    from gi.repository import AioGuest
except ImportError as error:
    print(error)
"""


@pytest.fixture
def installed(tmp_path):
    """A copy of the override."""
    copy = tmp_path / "gi" / "overrides" / "AioGuest"
    shutil.copytree(pathlib.Path(override.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__", "*.p"))
    return copy


def told_by(installed):
    path = os.pathsep.join([str(installed.parents[2]), os.environ.get("PYTHONPATH", "")])
    process = interpreter(
        "-c", IMPORT, env={"PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    told, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    return told


def compiled(installed):
    return next(installed.glob("_core.*.so"))


def test_copy_is_as_the_original(installed):
    assert told_by(installed) == ""


def test_built_for_another_python(installed):
    name = compiled(installed).name
    compiled(installed).rename(installed / "_core.cpython-399-x86_64-linux-gnu.so")
    told = told_by(installed)
    assert told.startswith("AioGuest was built for another Python: ")
    assert "_core.cpython-399-x86_64-linux-gnu.so" in told
    assert f"this Python, {sys.executable}, needs {name}. " in told
    assert told.rstrip().endswith(f"-Dpython={sys.executable}")


def test_without_compiled_part(installed):
    compiled(installed).unlink()
    told = told_by(installed)
    assert told.startswith(f"the compiled part of AioGuest is missing in {installed}: ")
    assert told.rstrip().endswith(f"-Dpython={sys.executable}")


def test_any_other_cause_is_told_as_it_is(installed):
    """As that of a library which it needs and which is not found."""
    compiled(installed).write_bytes(b"")
    assert f"{compiled(installed)}: file too short" in told_by(installed)
