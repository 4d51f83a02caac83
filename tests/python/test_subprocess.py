# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Child processes: their pipes, their ends."""

import asyncio
import signal
import sys

import pytest
from gi.repository import GLib

import support

PIPE = asyncio.subprocess.PIPE


def test_communicate(run):
    payload = bytes(range(256)) * 2000

    async def main():
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        output, _ = await process.communicate(payload)
        return process.returncode, output

    assert run(main()) == (0, payload)


def test_stdin_and_stdout_by_lines(run):
    async def main():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c",
            "while True:\n"
            "    try: line = input()\n"
            "    except EOFError: break\n"
            "    print(line[::-1], flush=True)\n",
            stdin=PIPE, stdout=PIPE,
        )
        answers = []
        for word in (b"abc", b"guest", b"loop"):
            process.stdin.write(word + b"\n")
            await process.stdin.drain()
            answers.append((await process.stdout.readline()).strip())
        process.stdin.close()
        return answers, await process.wait()

    assert run(main()) == ([b"cba", b"tseug", b"pool"], 0)


@pytest.mark.parametrize("status", [0, 1, 7, 255])
def test_exit_status(run, status):
    async def main():
        process = await asyncio.create_subprocess_shell(f"exit {status}")
        return await process.wait()

    assert run(main()) == status


@pytest.mark.parametrize("method, number", [
    ("kill", signal.SIGKILL), ("terminate", signal.SIGTERM),
])
def test_kill(run, method, number):
    async def main():
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
        getattr(process, method)()
        return await process.wait()

    assert run(main()) == -number


def test_several_at_once(run):
    async def one(number):
        process = await asyncio.create_subprocess_shell(
            f"echo out{number}; echo err{number} >&2; exit {number}", stdout=PIPE, stderr=PIPE
        )
        output = await process.communicate()
        return process.returncode, *output

    async def main():
        return await asyncio.gather(*(one(number) for number in range(10)))

    assert run(main()) == [
        (number, b"out%d\n" % number, b"err%d\n" % number) for number in range(10)
    ]


def test_no_such_program(run):
    async def main():
        with pytest.raises(FileNotFoundError):
            await asyncio.create_subprocess_exec("/no/such/program")

    run(main())


def test_cancelled_wait_leaves_the_process(run):
    async def main():
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(process.wait(), 0.02)
        assert process.returncode is None
        process.stdin.close()
        return await process.wait()

    assert run(main()) == 0


def test_beside_a_child_of_glib():
    """GLib's own child watch and asyncio's do not take each other's children."""
    async def main():
        loop = asyncio.get_running_loop()
        glib_status = loop.create_future()
        pid, *_ = GLib.spawn_async(
            ["/bin/sh", "-c", "exit 5"], flags=GLib.SpawnFlags.DO_NOT_REAP_CHILD
        )
        GLib.child_watch_add(
            GLib.PRIORITY_DEFAULT, pid, lambda pid, status: glib_status.set_result(status)
        )
        process = await asyncio.create_subprocess_shell("exit 6")
        return await glib_status >> 8, await process.wait()

    assert support.run_in_main_loop(main()) == (5, 6)
