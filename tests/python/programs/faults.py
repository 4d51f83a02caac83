# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""faults.py CALL NTH ERRNO COUNT WHEN: a run while the system refuses something.

With the shim preloaded, COUNT calls of CALL fail from the NTH on, counted from the start of the run
or ("inside") from the middle of its main task, which goes on ("until struck") until one has failed or
("until cancelled") until the failure ends it. Then there is another run, undisturbed.
"""

import asyncio
import ctypes
import gc
import os
import sys

import support
from gi.repository import AioGuest

shim = ctypes.CDLL(None)
call = sys.argv[1].encode()
nth, number, count = (int(argument) for argument in sys.argv[2:5])
when = sys.argv[5] if sys.argv[5:] else "from the start"
inside = when != "from the start"


def belongings():
    gc.collect()
    return len(support.descriptors()), support.threads()


def strike():
    if shim.faults_set(call, nth, number, count) != 0:
        sys.exit(f"unknown: {call}")


async def become_readable():
    """Have a descriptor that the guest polls become readable."""
    loop = asyncio.get_running_loop()
    read_fd, write_fd = os.pipe()
    readable = asyncio.Event()
    try:
        loop.add_reader(read_fd, readable.set)
        os.write(write_fd, b"x")
        await readable.wait()
    finally:
        loop.remove_reader(read_fd)
        os.close(read_fd)
        os.close(write_fd)


def goes_on():
    return when == "until cancelled" or when == "until struck" and shim.faults_count(call) == 0


async def main(struck_inside=False):
    if struck_inside:
        strike()
    for _ in range(5):
        await asyncio.sleep(0.001)
    await become_readable()
    while struck_inside and goes_on():
        # Both set a timer and have a polling thread poll again.
        await asyncio.sleep(0.001)
        await become_readable()
    return "result"


def run(**options):
    try:
        return AioGuest.run(main(**options), debug=False, shutdown_timeout=1)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


# What is opened once and kept: GLib's threads, the pipe for signals.
if call != b"pipe2":
    run()
before = belongings()
if not inside:
    strike()
outcome = run(struck_inside=inside)
struck = shim.faults_count(call)
shim.faults_set(call, 1, 0, 0)
print("struck" if struck > 0 else "never called")
print(outcome)
if call != b"pipe2":
    print("nothing is left" if belongings() == before else f"{before} -> {belongings()}")
print(run())
