# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small aiohttp server for the demo, a process of its own.

It serves some large files of this machine at a bounded rate, so that a download
can be watched, and three errors.  Its first and only line of output is JSON:
``{"files": [{"url": ..., "sha256": ..., "error": ...}, ...]}``.  It ends on
SIGTERM and when its standard input ends, that is, with its parent.
"""

import asyncio
import glob
import hashlib
import json
import os
import signal
import socket
import sys
import urllib.parse

from aiohttp import web

PATTERNS = (
    '/usr/lib/*-linux-*/*.so*',
    '/usr/lib64/*.so*',
    '/usr/share/icons/*/icon-theme.cache',
)
MIN_SIZE, MAX_SIZE = 256 * 1024, 24 * 1024 * 1024
COUNT = 6  # of those served whole
BLOCK = 64 * 1024


def choose_files():
    """The largest files not beyond MAX_SIZE, one for each name up to the first dot."""
    found = {}
    for pattern in PATTERNS:
        for path in glob.iglob(pattern):
            if os.path.islink(path) or not os.path.isfile(path) or not os.access(path, os.R_OK):
                continue
            size = os.path.getsize(path)
            stem = os.path.basename(path).split('.')[0]
            if MIN_SIZE <= size <= MAX_SIZE and size > found.get(stem, (0, ''))[0]:
                found[stem] = size, path
    return [path for size, path in sorted(found.values(), reverse=True)[:COUNT + 1]]


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class Server:
    def __init__(self, paths, seconds):
        self.paths = {os.path.basename(path): path for path in paths}
        # A file takes between half of `seconds` and all of it, each another time.
        self.seconds = {name: seconds * (0.5 + 0.5 * number / max(1, len(paths) - 1))
                        for number, name in enumerate(self.paths)}

    async def handle(self, request):
        """The one handler: /files/NAME and /truncated/NAME."""
        match request.path.split('/'):
            case ['', 'files', name] if name in self.paths:
                return await self._whole(request, name)
            case ['', 'truncated', name] if name in self.paths:
                return await self._truncated(request, name)
        return web.Response(status=404)

    async def _whole(self, request, name):
        path = self.paths[name]
        return await self._send(request, path, os.path.getsize(path), self.seconds[name])

    async def _truncated(self, request, name):
        """Announces the whole file, sends a part and hangs up."""
        path = self.paths[name]
        response = await self._send(request, path, os.path.getsize(path) // 3,
                                    self.seconds[name] / 3)
        if request.transport is not None:  # cancelled at the other end, if it is
            request.transport.close()
        return response

    async def _send(self, request, path, end, seconds):
        response = web.StreamResponse()
        response.content_type = 'application/octet-stream'
        response.content_length = os.path.getsize(path)
        await response.prepare(request)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        sent = 0
        with open(path, 'rb') as file:
            while sent < end:
                block = file.read(min(BLOCK, end - sent))
                try:
                    await response.write(block)
                except ConnectionResetError:
                    break  # cancelled at the other end
                sent += len(block)
                await asyncio.sleep(begun + seconds * sent / end - loop.time())
        return response


async def wait_for_end_of_input():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


async def serve(seconds):
    paths = await asyncio.to_thread(choose_files)
    if len(paths) < 2:
        sys.exit('server: found too few files of a suitable size on this machine')
    checksums = {os.path.basename(path): await asyncio.to_thread(sha256_of, path)
                 for path in paths}

    server = web.Server(Server(paths, seconds).handle)
    listener = await asyncio.get_running_loop().create_server(server, '127.0.0.1', 0)

    # Bound, never listening: nobody else can get the port, and it refuses.
    with socket.socket() as refusing:
        refusing.bind(('127.0.0.1', 0))
        base = 'http://127.0.0.1:{}/'.format(listener.sockets[0].getsockname()[1])
        refused = 'http://127.0.0.1:{}/'.format(refusing.getsockname()[1])

        *whole, (last, last_checksum) = checksums.items()
        files = [{'url': base + 'files/' + urllib.parse.quote(name), 'sha256': checksum}
                 for name, checksum in whole]
        files.insert(1, {'url': refused + 'nobody-listens.iso', 'error': 'refused'})
        files.insert(3, {'url': base + 'files/no-such-file.iso', 'error': 'http-404'})
        files.insert(5, {'url': base + 'truncated/' + urllib.parse.quote(last),
                         'sha256': last_checksum, 'error': 'truncated'})
        print(json.dumps({'files': files}), flush=True)

        terminated = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminated.set)
        tasks = [asyncio.ensure_future(terminated.wait()),
                 asyncio.ensure_future(wait_for_end_of_input())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        listener.close()
        await server.shutdown(timeout=1)


if __name__ == '__main__':
    # Ctrl-C in a terminal is the parent's business, which then ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(serve(float(sys.argv[1])))
