# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pytest-asyncio, the system's and the newest: tests of an application that uses GLib, on AioGuest.EventLoop."""

import pytest

import inner

TESTS = """
    import asyncio
    import pytest
    import pytest_asyncio
    from gi.repository import AioGuest, Gio, GLib

    pytestmark = pytest.mark.asyncio

    @pytest_asyncio.fixture
    async def fired():
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        GLib.timeout_add(1, future.set_result, "fired")
        yield await future
        await asyncio.sleep(0.001)

    async def test_loop():
        loop = asyncio.get_running_loop()
        assert type(loop) is AioGuest.EventLoop
        loop.set_debug(False)

    async def test_fixture(fired):
        assert fired == "fired"

    async def test_idle_callback():
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        GLib.idle_add(lambda: future.set_result(asyncio.get_running_loop()))
        assert await future is loop

    async def test_call(tmp_path):
        path = tmp_path / "file"
        path.write_text("text")
        file = Gio.File.new_for_path(str(path))
        ok, contents, etag = await AioGuest.call(file.load_contents_async)
        assert bytes(contents) == b"text"

    async def test_wait():
        assert AioGuest.wait(asyncio.sleep(0.001, "waited")) == "waited"

    async def test_fails():
        await asyncio.sleep(0.001)
        assert False, "as it is to"
"""


@pytest.mark.skipif(not inner.version("pytest-asyncio"), reason="pytest-asyncio is not installed")
def test_loop(tmp_path):
    outcome = inner.run(tmp_path, TESTS)
    # The one that is to fail did, and so the others were run.
    assert outcome.returncode == 1
    assert "1 failed, 5 passed" in outcome.stdout
    assert "as it is to" in outcome.stdout
