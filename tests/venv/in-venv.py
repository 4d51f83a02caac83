# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run tests in a virtual environment, made when missing: in-venv.py [OPTION...] FILE [ARGUMENT...].

The file is one of tests for pytest, or with --program a program that prints TAP. Prints TAP: that of
the tests, or one skip with the reason if the registry of packages can't be reached.
"""

import argparse
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys

#: Seconds for the environment, and for the packages.
LIMIT = 400

#: What pip writes if it can't reach the registry. Other errors of its are failures.
UNREACHABLE = re.compile(
    "connection broken by|Could not fetch URL|HTTP error|HTTPError|Timeout|ConnectionError"
    "|HTTPS?ConnectionPool|SSLError|ProxyError|TLS CA certificate",
    re.IGNORECASE,
)


class Unavailable(Exception):
    """There is no environment to be had, and why."""


class Broken(Exception):
    """There should be one, and is not."""


def call(what, command, unavailable=None):
    """Run a command; what it failed of is Unavailable if its output matches, else Broken."""
    try:
        outcome = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{what}: not done after {LIMIT} s") from None
    output = outcome.stdout + outcome.stderr
    print(output, file=sys.stderr)
    if outcome.returncode != 0:
        match = unavailable.search(output) if unavailable else None
        kind = Unavailable if match else Broken
        lines = [line for line in output.splitlines() if line.strip()]
        cause = [line for line in lines if match and match[0] in line] or lines
        raise kind(f"{what}: {cause[-1] if cause else outcome.returncode}")


def make(options):
    """Make the environment; whole or not at all, since its stamp comes last."""
    wanted = "".join(file.read_text() for file in (options.requirements, options.alone) if file)
    stamp = options.directory / "stamp"
    python = options.directory / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(options.directory, ignore_errors=True)
    call(
        "no virtual environment (Debian: python3-venv)",
        [sys.executable, "-m", "venv", "--system-site-packages", options.directory],
        re.compile("ensurepip"),
    )
    for file, flags in ((options.requirements, []), (options.alone, ["--no-deps"])):
        if file is None:
            continue
        call(
            "no packages from the Python registry",
            [
                python, "-m", "pip", "install", "--quiet", "--no-input",
                "--disable-pip-version-check", "--timeout", "15", "--retries", "1",
                *flags, "--requirement", file,
            ],
            UNREACHABLE,
        )
    stamp.write_text(wanted)
    return python


def make_once(options):
    """Make the environment, unless another test of the same run has found that there is none."""
    note = pathlib.Path(f"{options.directory}.unavailable")
    run = f"run {os.getppid()}"
    if note.exists():
        known_run, reason = note.read_text().split("\n", 1)
        if known_run == run:
            raise Unavailable(reason)
    try:
        return make(options)
    except Unavailable as reason:
        note.write_text(f"{run}\n{reason}")
        raise


def one_case(name, result, text=""):
    # Meson takes any "#" for the start of a directive.
    text = " ".join(str(text).split()).replace("#", "_")
    print(f"TAP version 13\n1..1\n{result} 1 - {name}{text and ' # SKIP NOT TESTED: ' + text}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=pathlib.Path, required=True)
    parser.add_argument("--requirements", type=pathlib.Path)
    parser.add_argument("--alone", type=pathlib.Path, help="requirements without what they need themselves")
    parser.add_argument("--flags", default="", help="of the interpreter, in one word")
    parser.add_argument("--program", action="store_true", help="the file is no pytest file")
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()

    options.directory.parent.mkdir(parents=True, exist_ok=True)
    # Several of these run at the same time.
    with open(f"{options.directory}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            python = make_once(options)
        except Unavailable as reason:
            one_case(options.file.name, "ok", reason)
            return 0
        except Broken as reason:
            one_case(options.file.name, "not ok")
            print(f"# {reason}")
            return 1

    command = [python, *options.flags.split()]
    if options.program:
        command += [options.file, *options.arguments]
    else:
        command += [
            "-m", "pytest", "-p", "tap_plugin", "-p", "no:cacheprovider",
            "--rootdir", options.file.parent, options.file, *options.arguments,
        ]
    os.execv(python, [str(word) for word in command])


if __name__ == "__main__":
    sys.exit(main())
