# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Sends so many bytes as fast as they are taken: ``bulk.py BYTES tcp PORT | unix PATH | pipe``.

A pipe is the standard output.
"""

import os
import socket
import sys

CHUNK = 256 * 1024


def connected(kind, address):
    if kind == 'tcp':
        return socket.create_connection(('127.0.0.1', int(address)))
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(address)
    return sock


def main(count, kind, address=None):
    chunk = memoryview(b'x' * CHUNK)
    if kind == 'pipe':
        def send(data):
            return os.write(1, data)
    else:
        send = connected(kind, address).send
    left = int(count)
    while left:
        left -= send(chunk[:left])


if __name__ == '__main__':
    main(*sys.argv[1:])
