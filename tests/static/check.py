# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check.py CHECKER BUILD

Runs a static checker, clang-tidy, cppcheck, flake8 or mypy, and prints TAP: one line per file, with
what was found in it.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
PYTHON = ["gi-overrides", "tests", "examples", "benchmarks", "docs"]


def compiled(build):
    """The C files that are compiled in the build directory, but for what is generated there."""
    commands = json.loads((build / "compile_commands.json").read_text())
    files = {(build / command["directory"] / command["file"]).resolve() for command in commands}
    return sorted(
        file for file in files if file.is_relative_to(SOURCE) and not file.is_relative_to(build)
    )


def run(*command, cwd=SOURCE):
    """What the command prints, and whether it found nothing."""
    process = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace")
    return process.stdout, process.returncode == 0


def clang_tidy(build):
    for file in compiled(build):
        yield file, *run("clang-tidy", "-p", build, "--quiet", file)


def cppcheck(build):
    # It neither looks into system headers, where Python has macros that are half a block, nor does
    # it know of the compiler's macros; Python's configuration looks for this one.
    commands = (build / "compile_commands.json").read_text().replace("-isystem", "-I")
    project = build / "meson-private/cppcheck.json"
    project.write_text(commands)
    machine = f"-D__{os.uname().machine}__=1"
    options = [
        "--enable=warning,style,performance,portability", "--inconclusive", "--std=c11",
        "--library=gtk", "--library=posix", "--inline-suppr",
        f"--suppressions-list={HERE / 'cppcheck.txt'}", "--quiet", "--error-exitcode=1",
        f"--project={project}", machine,
    ]
    for file in compiled(build):
        yield file, *run("cppcheck", *options, f"--file-filter={file}")


def flake8(build):
    # Errors, not style. What is left unused for a reason has a comment with it.
    output, clean = run(sys.executable, "-m", "flake8", "--isolated", "--select=F,E9,W6",
                        # Fixtures are arguments of their names; loops may name their variables as they like.
                        "--per-file-ignores=tests/*:F402,F811", *PYTHON)
    found = {}
    for line in output.splitlines():
        found.setdefault(line.split(":")[0], []).append(line)
    for directory in PYTHON:
        for file in sorted((SOURCE / directory).rglob("*.py")):
            lines = found.pop(str(file.relative_to(SOURCE)), [])
            yield file, "\n".join(lines), not lines
    if found or not clean and not output:
        yield SOURCE, output, False


def mypy(build):
    # PyGObject has no types of its own, which is all that is not checked.
    stub = SOURCE / "gi-overrides/AioGuest/__init__.pyi"
    yield stub, *run(
        sys.executable, "-m", "mypy", "--config-file=", "--strict", "--ignore-missing-imports",
        "--allow-subclassing-any", f"--cache-dir={os.devnull}", "--no-error-summary", stub,
        cwd=stub.parent)


def main(checker, build):
    checkers = {"clang-tidy": clang_tidy, "cppcheck": cppcheck, "flake8": flake8, "mypy": mypy}
    number = 0
    good = True
    for number, (file, output, clean) in enumerate(checkers[checker](Path(build).resolve()), 1):
        good = good and clean
        print(f"{'ok' if clean else 'not ok'} {number} - {file.relative_to(SOURCE)}")
        if not clean:
            print(re.sub("^", "# ", output.rstrip(), flags=re.MULTILINE))
        sys.stdout.flush()
    print(f"1..{number}")
    return 0 if good and number else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
