# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Children of asyncio, of Gio and of GLib side by side: nobody takes another's."""

import asyncio
import os
import random

from gi.repository import AioGuest, Gio, GLib

import support

SEED = int(os.environ.get("AIOGUEST_SEED", "0")) or random.randrange(1, 2**32)

#: So many run at once.
AT_ONCE = 20


async def of_asyncio(status):
    process = await asyncio.create_subprocess_exec("/bin/sh", "-c", f"exit {status}")
    return await process.wait()


async def of_asyncio_with_pipes(status):
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", f"cat; exit {status}",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(b"text")
    assert output == b"text"
    return process.returncode


async def of_gio(status):
    process = Gio.Subprocess.new(
        ["/bin/sh", "-c", f"exit {status}"], Gio.SubprocessFlags.NONE
    )
    await AioGuest.call(process.wait_async)
    return process.get_exit_status()


async def of_glib(status):
    over = asyncio.get_running_loop().create_future()
    pid, *_ = GLib.spawn_async(
        ["/bin/sh", "-c", f"exit {status}"], flags=GLib.SpawnFlags.DO_NOT_REAP_CHILD
    )
    GLib.child_watch_add(
        GLib.PRIORITY_DEFAULT, pid, lambda pid, wait_status: over.set_result(wait_status)
    )
    return os.waitstatus_to_exitcode(await over)


KINDS = [of_asyncio, of_asyncio_with_pipes, of_gio, of_glib]


def test_mixed(record_property):
    """200 children of all kinds in random order: every exit status right, no zombie."""
    record_property("seed", SEED)
    choice = random.Random(SEED)
    kinds = KINDS * 50
    choice.shuffle(kinds)
    statuses = [choice.randrange(256) for _ in kinds]

    async def main():
        free = asyncio.Semaphore(AT_ONCE)

        async def run(kind, status):
            async with free:
                return await kind(status)

        return await asyncio.gather(*map(run, kinds, statuses))

    assert support.run_in_main_loop(main()) == statuses
    # None is left, ended or not.
    try:
        left = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        left = None
    assert left is None


def test_one_after_the_other(run):
    async def main():
        return [await kind(number) for number, kind in enumerate(KINDS)]

    assert run(main()) == [0, 1, 2, 3]


def test_killed(run):
    async def main():
        process = await asyncio.create_subprocess_exec("sleep", "3600")
        other = Gio.Subprocess.new(["sleep", "3600"], Gio.SubprocessFlags.NONE)
        process.kill()
        other.force_exit()
        await AioGuest.call(other.wait_async)
        return await process.wait(), other.get_term_sig()

    assert run(main()) == (-9, 9)
