# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check.py CHECKER BUILD

Runs a static checker, such as clang-tidy or flake8, and prints TAP: one line per file, with
what was found in it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
APPLICATION = SOURCE / "examples/application"
PYTHON = [".ci", "gi-overrides", "tests", "examples", "benchmarks", "docs"]


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


def on_each(files, command):
    """Run a command for each of the files, as many at a time as there are processors."""
    files = sorted(files)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, outcome in zip(files, pool.map(lambda file: run(*command(file)), files)):
            yield file, *outcome


def clang_tidy(build):
    yield from on_each(compiled(build), lambda file: ("clang-tidy", "-p", build, "--quiet", file))


#: Cppcheck knows GLib by its own description; to read the headers as well takes a hundred times as long.
#: Of Python it knows nothing, and the macros are half a block.
INCLUDES_OF_GLIB = re.compile(r"-(I|isystem) *[^ ]*/(glib-2\.0|gio-unix-2\.0|libmount|blkid|pygobject-3\.0)[^ ]*")


def cppcheck(build):
    # It looks into no system headers, of which Python's are needed. Some files are compiled more than once.
    commands = {}
    for command in json.loads((build / "compile_commands.json").read_text()):
        command["command"] = INCLUDES_OF_GLIB.sub("", command["command"]).replace("-isystem", "-I")
        commands.setdefault(command["file"], command)
    project = build / "meson-private/cppcheck.json"
    project.write_text(json.dumps(list(commands.values())))
    # Python's configuration looks for this macro of the compiler's.
    machine = f"-D__{os.uname().machine}__=1"
    options = [
        "--enable=warning,style,performance,portability", "--inconclusive", "--std=c11",
        "--library=gtk", "--library=posix", "--inline-suppr",
        f"--suppressions-list={HERE / 'cppcheck.txt'}", "--quiet", "--error-exitcode=1",
        f"--project={project}", machine,
    ]
    yield from on_each(compiled(build), lambda file: ("cppcheck", *options, f"--file-filter={file}"))


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
    stubs = SOURCE / "gi-overrides/gi-stubs"
    yield stubs, *run(
        sys.executable, "-m", "mypy", "--config-file=", "--strict", "--allow-subclassing-any",
        f"--cache-dir={os.devnull}", "--no-error-summary", stubs.name, cwd=stubs.parent)


def desktop_file_validate(build):
    yield from on_each(APPLICATION.glob("*.desktop"), lambda file: ("desktop-file-validate", file))


def appstreamcli(build):
    yield from on_each(APPLICATION.glob("*.metainfo.xml"),
                       lambda file: ("appstreamcli", "validate", "--no-net", file))


def main(checker, build):
    checkers = {
        "clang-tidy": clang_tidy, "cppcheck": cppcheck, "flake8": flake8, "mypy": mypy,
        "desktop-file-validate": desktop_file_validate, "appstreamcli": appstreamcli,
    }
    if checker in ("desktop-file-validate", "appstreamcli") and not shutil.which(checker):
        print(f"1..0 # SKIP there is no {checker}")
        return 0
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
