# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Type checkers find the stubs, with and without those of PyGObject, and hold programs to them."""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig

import pytest

import support

SAMPLES = pathlib.Path(__file__).parent / "typed"
NAMES = sorted(sample.name for sample in SAMPLES.glob("*.py"))
#: The line of gtk.py after which nothing is imported.
IMPORTS = (SAMPLES / "gtk.py").read_text().split("class Window")[0].count("\n")
OURS = pathlib.Path(__file__).parents[2] / "gi-overrides" / "gi-stubs"
THEIRS = pathlib.Path(sysconfig.get_path("purelib")) / "gi-stubs"


class Place:
    """An interpreter without packages of its own but for what the test puts into its site-packages."""

    def __init__(self, directory):
        self.directory = directory
        self.environment = os.environ.copy()
        # What the build tree has is found by it.
        self.build_tree = self.environment.pop("PYTHONPATH")
        # The environment that runs this would not do: it has pygobject-stubs.
        run([sys._base_executable, "-m", "venv", "--system-site-packages", "--without-pip", directory])
        self.python = directory / "bin" / "python"
        self.packages = pathlib.Path(run(
            [self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip())

    def add(self, stubs, directory=None):
        shutil.copytree(stubs, (directory or self.packages) / "gi-stubs", dirs_exist_ok=True)

    def add_only_aioguest(self, link=shutil.copy):
        link(OURS / "repository" / "AioGuest.pyi", self.packages / "gi-stubs" / "repository" / "AioGuest.pyi")

    def add_system(self):
        """Where the system's packages are: further down the search path."""
        system = self.directory / "system"
        self.add(OURS, system)
        (self.packages / "system.pth").write_text(f"{system}\n")
        return system


def run(command, **options):
    process = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=support.PATIENCE, **options)
    print(process.stdout, process.stderr)
    assert process.returncode in (0, 1), command
    return process.stdout


def mypy(place, directory):
    """Pairs of a file and a line with an error."""
    output = run(
        [sys.executable, "-m", "mypy", "--config-file=", "--strict", f"--cache-dir={os.devnull}",
         "--python-executable", place.python, *NAMES],
        cwd=directory, env=place.environment)
    assert re.search(r"^(Success|Found \d+ errors?) ", output, re.MULTILINE)
    return [(name, int(line)) for name, line in re.findall(r"^(.*):(\d+): error: ", output, re.MULTILINE)]


def pyright(place, directory):
    output = run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", place.python, *NAMES],
        cwd=directory, env={**place.environment, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"})
    return [
        (pathlib.Path(found["file"]).name, found["range"]["start"]["line"] + 1)
        for found in json.loads(output)["generalDiagnostics"] if found["severity"] == "error"
    ]


def build_tree(place):
    place.environment["PYTHONPATH"] = place.build_tree


def installed(place):
    place.add(OURS)


def beside_pygobject_stubs(place):
    place.add(THEIRS)
    place.add_only_aioguest()


def before_pygobject_stubs(place):
    """They came later, and have replaced what has the same name."""
    place.add(OURS)
    place.add(THEIRS)


def linked(place):
    place.add_system()
    place.add(THEIRS)
    place.add_only_aioguest(os.symlink)


def elsewhere(place):
    place.add_system()
    place.add(THEIRS)


#: Whether the stubs of PyGObject are there, too.
LAYOUTS = {
    build_tree: "untyped",
    installed: "untyped",
    beside_pygobject_stubs: "typed",
    before_pygobject_stubs: "typed",
    linked: "typed",
}


@functools.cache
def make(layout, directory):
    place = Place(directory / layout.__name__)
    layout(place)
    return place


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    return tmp_path_factory.mktemp("places")


@pytest.fixture
def found(places, tmp_path):
    """What a checker finds."""
    def found(checker, layout):
        # Whatever is around the samples is no business of the checker.
        for name in NAMES:
            shutil.copy(SAMPLES / name, tmp_path)
        return set(checker(make(layout, places), tmp_path))
    return found


def marked(*conditions):
    """What a checker must find."""
    return {
        (name, number)
        for name in NAMES
        for number, line in enumerate((SAMPLES / name).read_text().splitlines(), 1)
        if (mark := re.search("# error(?:: (.*))?$", line)) and set((mark[1] or "").split()) <= set(conditions)
    }


@pytest.mark.parametrize("checker", [mypy, pyright])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_samples(found, checker, layout):
    assert found(checker, layout) == marked(checker.__name__, LAYOUTS[layout])


def test_mypy_takes_stubs_from_two_directories(found):
    assert found(mypy, elsewhere) == marked("mypy", "typed")


def test_pyright_keeps_the_stubs_of_pygobject(found):
    """It takes those of one directory, and so does not find ours."""
    def in_gtk(errors):
        return {(name, line) for name, line in errors if name == "gtk.py" and line > IMPORTS}
    assert in_gtk(found(pyright, elsewhere)) == in_gtk(marked("pyright", "typed"))
