# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Downloads concurrently with aiohttp.  Knows nothing of windows."""

import asyncio
import errno

import aiohttp

from .model import State
from .sink import PartialFile

BLOCK = 256 * 1024


class _Failure(Exception):
    """A download ended badly: ``args`` are the kind of error and its text."""


class Engine:
    """``async with Engine(...) as engine: await engine.run(downloads)``

    Memory stays bounded whatever the size of the files: a block per download,
    and aiohttp's own buffer, which stops reading from the socket when full.
    """

    def __init__(self, directory, concurrency):
        self._directory = directory
        self._slots = asyncio.Semaphore(concurrency)
        self._session = None

    async def __aenter__(self):
        self._session = aiohttp.ClientSession(
            # The checksum is that of the bytes as they are stored.
            auto_decompress=False,
            headers={'Accept-Encoding': 'identity', 'User-Agent': 'AioGuest-downloads'},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=20, sock_read=60))
        return self

    async def __aexit__(self, *exc_info):
        await self._session.close()

    async def run(self, downloads):
        """Download everything; returns when each download is over."""
        async with asyncio.TaskGroup() as group:
            for download in downloads:
                download.task = group.create_task(self._run_one(download), name=download.name)
                # A task that is cancelled before its first step never gets to say so.
                download.task.add_done_callback(
                    lambda task, download=download: self._over(download, task))

    @staticmethod
    def _over(download, task):
        if task.cancelled() and not download.is_over:
            download.set_state(State.CANCELLED)

    async def _run_one(self, download):
        async with self._slots:
            download.set_state(State.CONNECTING)
            part = PartialFile(self._directory, download.name)
            try:
                await part.open()
                await self._fetch(download, part)
                await self._verify(download, await part.finish())
                await part.keep()
            except _Failure as failure:
                download.fail(*failure.args)
            except aiohttp.ClientError as error:
                download.fail(*_describe(error, download))
            except TimeoutError:
                download.fail('timeout', 'The server did not answer in time')
            except OSError as error:
                download.fail('file', f'Cannot store the file: {error.strerror}')
            else:
                download.set_state(State.DONE)
            finally:
                await part.discard()

    async def _fetch(self, download, part):
        async with self._session.get(download.url) as response:
            if response.status != 200:
                raise _Failure(f'http-{response.status}',
                               f'The server answered {response.status} {response.reason}')
            download.size = response.content_length
            download.set_state(State.DOWNLOADING)
            async for block in response.content.iter_chunked(BLOCK):
                await part.write(block)
                download.received += len(block)

    @staticmethod
    async def _verify(download, digest):
        if download.checksum is None:
            return
        download.verified = digest == download.checksum
        if not download.verified:
            raise _Failure('checksum', 'The SHA-256 checksum does not match')


def _describe(error, download):
    """An aiohttp error -> (kind, text for the user)."""
    cause = getattr(error, 'os_error', error)
    if isinstance(cause, ConnectionRefusedError) or getattr(cause, 'errno', 0) == errno.ECONNREFUSED:
        return 'refused', 'The connection was refused'
    if isinstance(error, aiohttp.ClientPayloadError):
        if download.size:
            percent = 100 * download.received // download.size
            return 'truncated', f'The connection ended early, at {percent} % of the file'
        return 'truncated', 'The connection ended early'
    if isinstance(error, aiohttp.InvalidURL):
        return 'url', 'The address is not valid'
    if isinstance(error, asyncio.TimeoutError):
        return 'timeout', 'The server did not answer in time'
    return 'connection', str(error) or type(error).__name__
