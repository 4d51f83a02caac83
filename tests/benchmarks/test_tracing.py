# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system calls of a case are counted."""

from benchmarking import read_lines, run_driver
import tracing
from environments import DEFAULTS, RAISED
from systems import OURS


def test_calls_between_the_marks_are_counted():
    log = """\
mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f
access("/aioguest-benchmark/begin", F_OK) = -1 ENOENT (No such file or directory)
recv(4, "", 4, 0) = 4
faccessat2(AT_FDCWD, "/aioguest-benchmark/begin", F_OK, 0) = -1 ENOENT (No such file or directory)
recvfrom(4, "x", 262144, 0, NULL, NULL) = 1
mmap(NULL, 266240, PROT_READ, MAP_PRIVATE, -1, 0) = 0x7f
munmap(0x7f, 266240)                    = 0
epoll_wait(3, [], 2, 0)                 = 0
access("/aioguest-benchmark/end", F_OK) = -1 ENOENT (No such file or directory)
brk(NULL) = 0x55
access("/aioguest-benchmark/operations/2", F_OK) = -1 ENOENT (No such file or directory)
"""
    assert tracing.count(log.splitlines(True)) == {"calls": 2.0, "maps": 1.0}


def test_nothing_is_counted_without_marks():
    assert tracing.count(["brk(NULL) = 0x55\n"]) is None


def test_a_run_of_every_kind(tmp_path):
    """With raised thresholds, and under strace where that can be had."""
    path = tmp_path / "platform.jsonl"
    options = ["--only", "udp", "--raised-rounds", "1", "--traced-rounds", "1"]
    done = run_driver(path, *options, systems=[OURS])
    assert done.returncode == 0, done.stderr
    machine, *records = read_lines(path)
    found = [(r["variant"], r["figure"]) for r in records]
    counts = [(DEFAULTS, "calls"), (DEFAULTS, "maps")]
    if machine["machine"]["untraced"]:
        counts = []
    assert found == [
        (DEFAULTS, "rate"), (DEFAULTS, "faults"), (RAISED, "rate"), (RAISED, "faults"), *counts
    ]  # fmt: skip
    assert all(r["value"] > 0 for r in records if r["figure"] == "calls")
