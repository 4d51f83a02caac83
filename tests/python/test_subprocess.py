# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Child processes: their pipes, their ends."""

import asyncio
import signal
import sys
import threading
import warnings

import pytest
from gi.repository import AioGuest, GLib

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


WATCHERS = [
    "ThreadedChildWatcher", "PidfdChildWatcher", "SafeChildWatcher", "FastChildWatcher",
    "MultiLoopChildWatcher",
]


@pytest.fixture
def watcher(request):
    """A child watcher that the program has set."""
    if not hasattr(asyncio, request.param):
        pytest.skip("Python 3.14 has no child watchers")
    with warnings.catch_warnings():
        # From Python 3.12 on.
        warnings.simplefilter("ignore", DeprecationWarning)
        policy = asyncio.get_event_loop_policy()
        asyncio.set_event_loop_policy(None)
        watcher = getattr(asyncio, request.param)()
        asyncio.set_child_watcher(watcher)
    yield watcher
    watcher.close()
    asyncio.set_event_loop_policy(policy)


async def exit_with(status):
    """When the watcher knows of it: MultiLoopChildWatcher takes one that has ended before for unknown if the signal
    comes while it looks."""
    process = await asyncio.create_subprocess_shell(
        f"read line; exit {status}", stdin=asyncio.subprocess.PIPE
    )
    process.stdin.close()
    return await process.wait()


@pytest.mark.parametrize("watcher", WATCHERS, indirect=True)
@pytest.mark.parametrize("run", [support.run_owning, support.run_in_main_loop])
@pytest.mark.parametrize("kind", [AioGuest.EventLoop, asyncio.SelectorEventLoop])
def test_child_watcher_of_the_program(run, watcher, kind):
    """It is attached for the time of each run, as by asyncio.run()."""
    handlers = [signal.getsignal(signal.SIGCHLD)]
    for status in (3, 4):
        assert run(exit_with(status), loop_factory=kind) == status
        # One of them stays, by design.
        handlers.append(signal.getsignal(signal.SIGCHLD))
        assert getattr(watcher, "_loop", None) is None
    if not isinstance(watcher, asyncio.MultiLoopChildWatcher):
        assert handlers == handlers[:1] * 3


@pytest.mark.parametrize("watcher", ["SafeChildWatcher"], indirect=True)
def test_child_watcher_is_not_attached_in_another_thread(watcher):
    """As by asyncio: it is the main thread's."""
    attached = []

    async def look():
        attached.append(watcher._loop)

    thread = threading.Thread(
        target=support.run_owning, args=(look(),), kwargs={"main_context": GLib.MainContext()}
    )
    thread.start()
    thread.join()
    assert attached == [None]
