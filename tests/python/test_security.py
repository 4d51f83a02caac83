# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What SECURITY.md promises."""

import ast
import asyncio
import os
import pathlib
import re
import selectors
import signal
import subprocess
import sys

import pytest
from gi.repository import AioGuest

import gi.overrides.AioGuest as module
import support

SELECTORS = [selectors.DefaultSelector, selectors.PollSelector, selectors.SelectSelector]

#: Prints the numbers of its descriptors, but for that by which it reads the directory.
LIST = """
import os
names = os.listdir("/proc/self/fd")
print(*sorted(int(name) for name in names if os.path.exists(f"/proc/self/fd/{name}")))
"""


def descriptors_of_child():
    """The descriptors of a child that gets all that it can get."""
    output = subprocess.run(
        [sys.executable, "-S", "-c", LIST],
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, close_fds=False, check=True,
    ).stdout
    return [int(number) for number in output.split()]


def links():
    """What each descriptor of this process is."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            # That of the directory itself.
            pass
    return found


async def live(look):
    """Have everything in use that opens descriptors; return what *look* finds."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, int)
    await asyncio.to_thread(int)
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    found = look()
    loop.remove_signal_handler(signal.SIGUSR1)
    return found


@pytest.mark.parametrize("poll_mode", ["direct", "thread"])
@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: selector.__name__)
def test_child_gets_no_descriptor(run, monkeypatch, poll_mode, selector):
    monkeypatch.setenv("AIOGUEST_POLL_MODE", poll_mode)
    before = descriptors_of_child()
    inside = run(live(descriptors_of_child), loop_factory=lambda: AioGuest.EventLoop(selector()))
    assert inside == before


def test_child_would_get_an_inheritable_descriptor():
    """That the test above can see one."""
    before = descriptors_of_child()
    read_fd, write_fd = os.pipe()
    os.set_inheritable(write_fd, True)
    try:
        assert descriptors_of_child() == sorted([*before, write_fd])
    finally:
        os.close(read_fd)
        os.close(write_fd)


@pytest.mark.parametrize("poll_mode", ["direct", "thread"])
@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: selector.__name__)
def test_all_descriptors_are_anonymous(run, monkeypatch, poll_mode, selector):
    monkeypatch.setenv("AIOGUEST_POLL_MODE", poll_mode)
    before = links()
    inside = run(live(links), loop_factory=lambda: AioGuest.EventLoop(selector()))
    opened = [what for fd, what in inside.items() if before.get(fd) != what]
    assert opened
    named = [
        what
        for what in opened
        if not re.fullmatch(r"(pipe|socket):\[\d+\]|anon_inode:\[(eventfd|eventpoll|pidfd)\]", what)
    ]
    assert named == []


DIRECTORY = pathlib.Path(module.__file__).parent


@pytest.mark.parametrize("path", sorted(DIRECTORY.glob("*.py")), ids=lambda path: path.stem)
def test_no_code_from_data(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.add(node.name.partition(".")[0])
    forbidden = {"eval", "exec", "compile", "__import__", "import_module", "pickle", "marshal",
                 "ctypes", "system", "popen", "subprocess", "shelve"}
    if path.stem == "_call":
        # The namespace of a function that was imported from it.
        forbidden.remove("import_module")
    assert names & forbidden == set()


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("AIOGUEST_TICK", "__import__('os')", "it must be 'native' or 'stock'"),
        ("AIOGUEST_POLL_MODE", "%s%n", 'it must be "direct" or "thread"'),
        ("AIOGUEST_DEBUG", "%s%n%s%n", None),
    ],
)
def test_environment_of_other_values(name, value, message):
    """Refused, or told and ignored."""
    program = """
import asyncio
import gi
gi.require_version("AioGuest", "1.0")
from gi.repository import AioGuest
AioGuest.run(asyncio.sleep(0), debug=False)
"""
    # PyGObject 3.42 raises an ImportWarning, which a debug build of Python shows.
    process = subprocess.run(
        [sys.executable, "-W", "ignore::ImportWarning", "-c", program],
        capture_output=True, text=True, timeout=support.PATIENCE, env={**os.environ, name: value},
    )
    if message is None:
        assert (process.returncode, process.stderr) == (0, "")
    else:
        assert message in process.stderr
        assert value in process.stderr
    assert process.returncode == (1 if name == "AIOGUEST_TICK" else 0)


def test_texts_have_no_values():
    secret = "hunter2-" + "x" * 10

    async def main(argument):
        local = argument  # noqa: F841
        task = asyncio.create_task(asyncio.sleep(1000, secret))
        await asyncio.sleep(0)
        text = AioGuest.describe()
        task.cancel()
        return text

    assert secret not in support.run_owning(main(secret))
