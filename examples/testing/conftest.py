# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pytest: async tests that run in the GLib main loop. See ``docs/recipes.md``; used by ``tests/python``."""

import gi
import pytest

gi.require_version('AioGuest', '1.0')
from gi.repository import AioGuest  # noqa: E402


# pytest-asyncio 1.4 and later, and so pytest-aiohttp; earlier ones do not know the hook
@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(config, item):
    return {'glib': AioGuest.EventLoop}


# pytest-asyncio before 1.0, as in Debian 12 and 13, of which the newer one warns
@pytest.fixture
def event_loop():
    loop = AioGuest.EventLoop()
    yield loop
    loop.close()


def pytest_configure(config):
    config.addinivalue_line('filterwarnings', 'ignore:The event_loop fixture:DeprecationWarning')


# AnyIO 4's plugin
@pytest.fixture
def anyio_backend():
    return 'asyncio', {'loop_factory': AioGuest.EventLoop}
