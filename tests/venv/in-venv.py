# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run a file of tests with pytest in a virtual environment, made when missing.

Prints TAP: that of the tests, or one skip with the reason why there are none.
"""

import argparse
import fcntl
import pathlib
import shutil
import subprocess
import sys

#: Seconds for the environment, and for the packages.
LIMIT = 120


class Unavailable(Exception):
    """There is no environment to be had, and why."""


def call(what, command):
    try:
        outcome = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{what}: not done after {LIMIT} s") from None
    output = outcome.stdout + outcome.stderr
    print(output, file=sys.stderr)
    if outcome.returncode != 0:
        lines = [line for line in output.splitlines() if line.strip()]
        raise Unavailable(f"{what}: {lines[-1] if lines else outcome.returncode}")


def make(directory, requirements):
    """Make the environment; whole or not at all, since its stamp comes last."""
    wanted = requirements.read_text()
    stamp = directory / "stamp"
    python = directory / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(directory, ignore_errors=True)
    call(
        "no virtual environment (Debian: python3-venv)",
        [sys.executable, "-m", "venv", "--system-site-packages", directory],
    )
    call(
        "no packages from the registry",
        [
            python, "-m", "pip", "install", "--quiet", "--no-input",
            "--disable-pip-version-check", "--timeout", "15", "--retries", "1",
            "--requirement", requirements,
        ],
    )
    stamp.write_text(wanted)
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=pathlib.Path, required=True)
    parser.add_argument("--requirements", type=pathlib.Path, required=True)
    parser.add_argument("--flags", required=True, help="of the interpreter, in one word")
    parser.add_argument("file", type=pathlib.Path)
    options = parser.parse_args()

    options.directory.parent.mkdir(parents=True, exist_ok=True)
    # Several of these run at the same time.
    with open(f"{options.directory}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            python = make(options.directory, options.requirements)
        except Unavailable as reason:
            text = " ".join(str(reason).split()).replace("#", "_")
            print(f"TAP version 13\n1..1\nok 1 - {options.file.name} # SKIP {text}")
            return 0

    return subprocess.call([
        python, *options.flags.split(), "-m", "pytest",
        "-p", "tap_plugin", "-p", "no:cacheprovider",
        # Unset, it warns.
        "-o", "asyncio_default_fixture_loop_scope=function",
        "--rootdir", options.file.parent, options.file,
    ])


if __name__ == "__main__":
    sys.exit(main())
