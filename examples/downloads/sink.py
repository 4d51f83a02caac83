# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the bytes go: a partial file that becomes the real one when complete."""

import asyncio
import hashlib
import os
import tempfile
import threading


class PartialFile:
    """Writes and hashes off the event loop, one block at a time.

    Every method runs its work in a worker thread.  A cancelled ``write`` leaves
    its thread behind for a moment, so the file has a lock: ``discard`` waits for
    that thread, instead of closing the descriptor under it.
    """

    def __init__(self, directory, name):
        self._path = os.path.join(directory, name)
        self._directory = directory
        self._lock = threading.Lock()
        self._hash = hashlib.sha256()
        self._file = None

    async def open(self):
        await asyncio.to_thread(self._open)

    async def write(self, block):
        await asyncio.to_thread(self._write, block)

    async def finish(self):
        """Close the file; return its SHA-256 as hexadecimal digits."""
        return await asyncio.to_thread(self._finish)

    async def keep(self):
        """Give the finished file its name, replacing what had it before."""
        await asyncio.to_thread(self._keep)

    async def discard(self):
        """Remove what is there; does nothing after ``keep``."""
        await asyncio.to_thread(self._discard)

    def _open(self):
        with self._lock:
            self._file = tempfile.NamedTemporaryFile(
                dir=self._directory, prefix='.download-', suffix='.part', delete=False)

    def _write(self, block):
        with self._lock:
            if not self._file.closed:
                self._file.write(block)
                self._hash.update(block)

    def _finish(self):
        with self._lock:
            self._file.close()
            return self._hash.hexdigest()

    def _keep(self):
        with self._lock:
            # Temporary files are private; a download is a file like any other.
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(self._file.name, 0o666 & ~mask)
            os.replace(self._file.name, self._path)
            self._file = None

    def _discard(self):
        with self._lock:
            if self._file is not None:
                self._file.close()
                os.unlink(self._file.name)
                self._file = None
