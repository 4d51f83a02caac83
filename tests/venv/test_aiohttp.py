# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""aiohttp's test utilities, and pytest-aiohttp, on AioGuest.EventLoop."""

import asyncio
import sys
import unittest

import pytest
from aiohttp import web
from aiohttp.test_utils import AioHTTPTestCase, TestClient, TestServer

import inner
import support  # first: it names the version of AioGuest

from gi.repository import AioGuest, GLib  # noqa: E402

# By their names pytest takes them for tests.
TestClient.__test__ = TestServer.__test__ = AioHTTPTestCase.__test__ = False


def application():
    """An application whose answer comes from a callback of the host, and an echo by websocket."""

    async def hello(request):
        future = asyncio.get_running_loop().create_future()
        GLib.timeout_add(1, future.set_result, "hello")
        return web.Response(text=await future)

    async def echo(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/echo", echo)
    return app


async def converse(client):
    """Twenty requests at a time and a websocket; what they answered."""
    async def get():
        async with client.get("/") as response:
            assert response.status == 200
            return await response.text()

    answers = await asyncio.gather(*[get() for _ in range(20)])
    async with client.ws_connect("/echo") as socket:
        await socket.send_str("to and fro")
        answers.append((await socket.receive()).data)
    return answers


ANSWERS = ["hello"] * 20 + ["to and fro"]


@pytest.mark.parametrize("host", sorted(support.HOSTS))
def test_client_and_server(host):
    async def main():
        async with TestClient(TestServer(application())) as client:
            return await converse(client)

    assert support.HOSTS[host](main()) == ANSWERS


class GuestTestCase(AioHTTPTestCase):
    """From Python 3.13 on the class attribute is all there is to it."""

    loop_factory = AioGuest.EventLoop

    if sys.version_info < (3, 13):

        def _setupAsyncioRunner(self):
            self._asyncioRunner = asyncio.Runner(debug=True, loop_factory=self.loop_factory)

    async def get_application(self):
        return application()

    async def asyncSetUp(self):
        # unittest turns debug mode on; off, the native tick is tested too.
        asyncio.get_running_loop().set_debug(False)
        await super().asyncSetUp()

    async def test_converse(self):
        self.assertIs(type(asyncio.get_running_loop()), AioGuest.EventLoop)
        self.assertEqual(await converse(self.client), ANSWERS)

    async def test_fails(self):
        self.assertEqual(await converse(self.client), [])


def test_test_case():
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(GuestTestCase).run(result)
    assert (result.testsRun, result.errors, result.skipped) == (2, [], [])
    # The one that is to fail did, and so the other was run.
    assert [case.id().rpartition(".")[2] for case, _ in result.failures] == ["test_fails"]


TESTS = """
    import asyncio
    from aiohttp import web
    from gi.repository import AioGuest, GLib

    async def hello(request):
        future = asyncio.get_running_loop().create_future()
        GLib.timeout_add(1, future.set_result, "hello")
        return web.Response(text=await future)

    def application():
        app = web.Application()
        app.router.add_get("/", hello)
        return app

    async def test_client(aiohttp_client):
        assert type(asyncio.get_running_loop()) is AioGuest.EventLoop
        client = await aiohttp_client(application())
        async with client.get("/") as response:
            assert await response.text() == "hello"

    async def test_server(aiohttp_server, aiohttp_client):
        client = await aiohttp_client(await aiohttp_server(application()))
        async with client.get("/") as response:
            assert response.status == 200

    async def test_fails(aiohttp_client):
        client = await aiohttp_client(application())
        async with client.get("/") as response:
            assert await response.text() == "as it is to"
"""


def test_pytest_aiohttp(tmp_path):
    outcome = inner.run(tmp_path, TESTS, "-o", "asyncio_mode=auto")
    assert outcome.returncode == 1
    assert "1 failed, 2 passed" in outcome.stdout
    assert "as it is to" in outcome.stdout
