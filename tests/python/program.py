# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that a test runs in processes of their own: those in `programs/`."""

import os
import pathlib
import signal
import subprocess
import sys
import time

from support import PATIENCE

DIRECTORY = pathlib.Path(__file__).parent / "programs"


class Program:
    """A program that is running, with the same Python, flags and environment.

    Lines of its standard output are read one by one by :meth:`expect`.
    """

    def __init__(self, name, *args, env=None):
        flags = ["-X", "dev", "-X", "faulthandler"] + [f"-W{option}" for option in sys.warnoptions]
        self._process = subprocess.Popen(
            [sys.executable, *flags, os.fspath(DIRECTORY / name), *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            # communicate() reads the pipe itself: what readline() had read beyond its line and
            # kept in a buffer would be lost.
            bufsize=0, env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
        )
        self.pid = self._process.pid
        self.lines = []

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        with self._process:
            if self._process.poll() is None:
                self._process.kill()

    def expect(self, line):
        """Read up to a line of its standard output; returns when that was read."""
        while True:
            got = self._process.stdout.readline()
            if not got:
                _, errors = self._process.communicate(timeout=PATIENCE)
                raise AssertionError(f"{line!r} is not in {self.lines!r}\n{errors.decode()}")
            self.lines.append(got.decode().rstrip("\n"))
            if self.lines[-1] == line:
                return time.monotonic()

    def is_asleep(self):
        """Whether its main thread is waiting for something."""
        with open(f"/proc/{self.pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "S"

    def wait_until_idle(self):
        """Until it has been asleep for a number of looks at it."""
        deadline = time.monotonic() + PATIENCE
        asleep = 0
        while asleep < 10 and time.monotonic() < deadline:
            asleep = asleep + 1 if self.is_asleep() else 0
            os.sched_yield()
            # The looks are what is spaced here; nothing is assumed to have happened meanwhile.
            time.sleep(0.002)
        assert asleep == 10, "the program does not come to rest"

    def send(self, signum):
        """Send a signal; returns when that was."""
        now = time.monotonic()
        self._process.send_signal(signum)
        return now

    def finish(self, patience=PATIENCE):
        """Wait for its end; returns exit status, all lines of its output, and its errors."""
        try:
            output, errors = self._process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            # Shows where it hangs.
            self._process.send_signal(signal.SIGABRT)
            output, errors = self._process.communicate()
            raise AssertionError(
                f"did not end: {self.lines} {output.decode()}\n{errors.decode()}"
            ) from None
        self.lines += output.decode().splitlines()
        return self._process.returncode, self.lines, errors.decode()


def run_program(name, *args, patience=PATIENCE, **options):
    """Run a program to its end; returns exit status, lines of its output, and its errors."""
    with Program(name, *args, **options) as program:
        return program.finish(patience)
