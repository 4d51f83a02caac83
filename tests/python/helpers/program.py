# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that a test runs in processes of their own: those in `programs/`."""

import atexit
import contextlib
import functools
import json
import os
import pathlib
import select
import selectors
import signal
import socket
import subprocess
import sys
import time

from support import NIGHTLY, PATIENCE

DIRECTORY = pathlib.Path(__file__).parents[1] / "programs"


def interpreter(*args, **options):
    """Start this Python with the same flags and environment; its standard output and errors are pipes."""
    flags = ["-X", "dev", "-X", "faulthandler"] + [f"-W{option}" for option in sys.warnoptions]
    options["env"] = {**os.environ, "PYTHONUNBUFFERED": "1", **options.get("env", {})}
    return subprocess.Popen([sys.executable, *flags, *args], stdin=subprocess.DEVNULL, **options)


def start_anew(path, *args, env):
    return interpreter(
        path, *args, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # communicate() reads the pipe itself: what readline() had read beyond its line and
        # kept in a buffer would be lost.
        bufsize=0,
    )


@functools.cache
def server():
    """The socket of the process that programs are forked from (program_server.py)."""
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = interpreter(
            "-c", f"from program_server import serve; exec(serve({theirs.fileno()}))",
            pass_fds=[theirs.fileno()],
        )

    def end():
        control.close()
        process.wait()

    atexit.register(end)
    return control


class ForkedProcess:
    """A program forked from the server: as much of subprocess.Popen as :class:`Program` uses."""

    def __init__(self, env, path, *args):
        request = [env, path, *args]
        pipes = [os.pipe() for _ in range(3)]
        socket.send_fds(server(), [json.dumps(request).encode()], [write for _, write in pipes])
        for _, write in pipes:
            os.close(write)
        self.stdout, self.stderr, self._status = [open(read, "rb", buffering=0) for read, _ in pipes]
        self.pid = int(self._status.readline())
        self.returncode = None
        # What a communicate() that had too little time has read is the next one's.
        self._received = {self.stdout: b"", self.stderr: b"", self._status: b""}

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._wait(None)
        for stream in (self.stdout, self.stderr, self._status):
            stream.close()

    def _wait(self, timeout):
        if self.returncode is None and self._read([self._status], timeout):
            raise subprocess.TimeoutExpired("program", timeout)

    def _read(self, streams, timeout):
        """Read the streams to their ends; return whether there was too little time for that."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            for stream in streams:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                left = None if deadline is None else max(deadline - time.monotonic(), 0)
                ready = selector.select(left)
                if not ready and left == 0:
                    return True
                for key, _ in ready:
                    data = key.fileobj.read(65536)
                    self._received[key.fileobj] += data
                    if not data:
                        selector.unregister(key.fileobj)
        if self._status in streams:
            self.returncode = int(self._received[self._status])
        return False

    def poll(self):
        try:
            self._wait(0)
        except subprocess.TimeoutExpired:
            pass
        return self.returncode

    def send_signal(self, signum):
        if self.poll() is None:
            # It may have ended, and be told of only now.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signum)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout=None):
        if self._read([*self._received], timeout):
            raise subprocess.TimeoutExpired("program", timeout)
        return self._received[self.stdout], self._received[self.stderr]


class Program:
    """A program that is running, with the same Python, flags and environment.

    Lines of its standard output are read one by one by :meth:`expect`. It is forked from a process that
    has imported AioGuest; an interpreter of its own is started for one that is *fresh* or has an *env*,
    and for all in a nightly run. *own_env* is what nobody reads before the program does.
    """

    def __init__(self, name, *args, env=None, own_env=None, fresh=False):
        path = os.fspath(DIRECTORY / name)
        own_env = own_env or {}
        if fresh or env or NIGHTLY:
            self._process = start_anew(path, *args, env={**(env or {}), **own_env})
        else:
            self._process = ForkedProcess(own_env, path, *args)
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
            readable, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
            if not readable:
                self._fail_as_it_hangs(f"{line!r} does not come after {self.lines!r}")
            got = self._process.stdout.readline()
            if not got:
                _, errors = self._process.communicate(timeout=PATIENCE)
                raise AssertionError(f"{line!r} is not in {self.lines!r}\n{errors.decode()}")
            self.lines.append(got.decode().rstrip("\n"))
            if self.lines[-1] == line:
                return time.monotonic()

    def _fail_as_it_hangs(self, what):
        """Have it show where it hangs."""
        self._process.send_signal(signal.SIGABRT)
        output, errors = self._process.communicate()
        raise AssertionError(f"{what}\n{output.decode()}\n{errors.decode()}")

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
            self._fail_as_it_hangs(f"it does not end after {self.lines!r}")
        self.lines += output.decode().splitlines()
        return self._process.returncode, self.lines, errors.decode()


def run_program(name, *args, patience=PATIENCE, **options):
    """Run a program to its end; returns exit status, lines of its output, and its errors."""
    with Program(name, *args, **options) as program:
        return program.finish(patience)
