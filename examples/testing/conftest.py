# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pytest: async tests that run in the GLib main loop. See ``docs/recipes.md``; used by ``tests/venv``."""

import gi
import pytest

gi.require_version('AioGuest', '1.0')
from gi.repository import AioGuest  # noqa: E402


# pytest-asyncio 1.4 and later, and so pytest-aiohttp
def pytest_asyncio_loop_factories(config, item):
    return {'glib': AioGuest.EventLoop}


# AnyIO's plugin
@pytest.fixture
def anyio_backend():
    return 'asyncio', {'loop_factory': AioGuest.EventLoop}
