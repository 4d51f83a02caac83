# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run one file of test_asyncio in a process and read what it logged.

A process that dies or hangs fails the test that was running; the remaining
tests of the file then get a new process, so that one crash hides nothing.
"""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

WORKER = pathlib.Path(__file__).resolve().with_name("worker.py")

# No single test of the suite comes near this on a loaded machine.
SILENCE_LIMIT = 180
DEATHS_LIMIT = 20


@dataclasses.dataclass(frozen=True)
class Setup:
    """How the interpreter is started; the same for both loops."""

    dev_mode: bool = False
    environment: dict = dataclasses.field(default_factory=dict)

    def command(self):
        command = [sys.executable, "-W", "error"]
        if sys.version_info < (3, 12):
            # PyGObject 3.42 raises one on the import of any namespace.
            command += ["-W", "ignore::ImportWarning"]
        if sys.version_info >= (3, 14):
            # PyGObject 3.58 looks up asyncio's deprecated event-loop policies.
            command += ["-W", "ignore::DeprecationWarning:gi.events"]
        if self.dev_mode:
            command += ["-X", "dev"]
        return command

    def environ(self):
        environ = dict(os.environ)
        for name in ("PYTHONDEVMODE", "PYTHONASYNCIODEBUG", "PYTHONWARNINGS", "AIOGUEST_TICK"):
            environ.pop(name, None)
        # Dev mode without asyncio's debug mode.
        environ["PYTHONMALLOC"] = "debug"
        environ["G_DEBUG"] = "fatal-criticals"
        environ.update(self.environment)
        return environ


@dataclasses.dataclass
class FileResult:
    outcomes: dict = dataclasses.field(default_factory=dict)
    skipped_file: str | None = None
    complete: bool = True
    trouble: list = dataclasses.field(default_factory=list)
    unraisable: list = dataclasses.field(default_factory=list)
    loops: int = 0
    runs: int = 0
    ticks: int = 0
    native_runs: int = 0
    descriptors: int = 0
    threads: int = 0
    seconds: float = 0.0


def _signal_group(process, number):
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def _wait(process, log_path):
    """Wait for the end; return why it was killed, or None."""
    size, since = -1, time.monotonic()
    while True:
        try:
            process.wait(timeout=0.2)
            return None
        except subprocess.TimeoutExpired:
            pass
        new_size = log_path.stat().st_size if log_path.exists() else 0
        if new_size != size:
            size, since = new_size, time.monotonic()
        elif time.monotonic() - since > SILENCE_LIMIT:
            # faulthandler prints where each thread stands.
            process.send_signal(signal.SIGABRT)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return f"killed after {SILENCE_LIMIT} s without progress"


def _run_once(module, setup, loop_class, log_path, exclude_path, result):
    """One process.  Return whether another is needed for the remaining tests."""
    command = [*setup.command(), str(WORKER), module, str(log_path)]
    if loop_class:
        command += ["--loop-class", loop_class]
    if exclude_path.exists():
        command += ["--exclude", str(exclude_path)]
    log_path.unlink(missing_ok=True)
    output_path = log_path.with_suffix(".out")

    with open(output_path, "ab") as output:
        output_start = output.tell()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, env=setup.environ(),
                                   start_new_session=True)
        try:
            killed = _wait(process, log_path)
        finally:
            # Children that a broken test left behind.
            _signal_group(process, signal.SIGKILL)

    running, planned, done = None, [], False
    for event in _read_log(log_path):
        kind = event["event"]
        if kind == "start":
            running = event["id"]
        elif kind == "outcome":
            running = None
            result.outcomes[event["id"]] = (event["outcome"], event["detail"], event["seconds"])
        elif kind == "plan":
            planned = event["ids"]
        elif kind == "skip-file":
            result.skipped_file = event["reason"]
        elif kind == "unraisable":
            result.unraisable.append(event)
        elif kind == "end":
            result.descriptors += event["descriptors"]
            result.threads += event["threads"]
        elif kind == "census":
            result.loops += event["loops"]
            result.runs += event["runs"]
            result.ticks += event["ticks"]
            result.native_runs += event["native_runs"]
        elif kind == "done":
            done = True

    if done and process.returncode == 0:
        return False

    why = killed or f"exit status {process.returncode}"
    tail = _tail(output_path, output_start)
    if running is not None:
        result.outcomes[running] = ("failed", f"The process died in this test: {why}\n{tail}", 0)
    else:
        where = "after the last test" if done else "outside of any test"
        result.trouble.append(f"The process died {where}: {why}\n{tail}")
    remaining = [test_id for test_id in planned if test_id not in result.outcomes]
    exclude_path.write_text("".join(f"{test_id}\n" for test_id in result.outcomes)
                            + (exclude_path.read_text() if exclude_path.exists() else ""),
                            encoding="utf-8")
    return bool(remaining) and running is not None


def _read_log(path):
    if not path.exists():
        return
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            # The last line of a killed process may be cut.
            if line.endswith("\n"):
                yield json.loads(line)


def _tail(path, start, limit=6000):
    with open(path, "rb") as output:
        output.seek(start)
        return output.read()[-limit:].decode(errors="replace")


def run_file(module, setup, loop_class, directory, excluded):
    directory.mkdir(parents=True, exist_ok=True)
    log_path = directory / f"{module}.jsonl"
    exclude_path = directory / f"{module}.exclude"
    log_path.with_suffix(".out").unlink(missing_ok=True)
    exclude_path.unlink(missing_ok=True)
    if excluded:
        exclude_path.write_text("".join(f"{test_id}\n" for test_id in sorted(excluded)),
                                encoding="utf-8")

    result = FileResult()
    started = time.monotonic()
    for _ in range(DEATHS_LIMIT):
        if not _run_once(module, setup, loop_class, log_path, exclude_path, result):
            break
    else:
        result.complete = False
    result.seconds = round(time.monotonic() - started, 1)
    return result
