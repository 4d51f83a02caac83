# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""An HTTP server that sends and takes bodies as fast as it can: ``http.py SOCKET``.

*SOCKET* is the descriptor of a listening socket. One connection after the other, blocking, no event
loop. ``GET /N`` has a body of N bytes; the body of a POST is read and thrown away.
"""

import re
import socket
import sys

CHUNK = 256 * 1024


def receive(connection, body, data):
    """Read a body of so many bytes, of which *data* is there."""
    body -= len(data)
    buffer = bytearray(CHUNK)
    while body > 0:
        got = connection.recv_into(buffer)
        if not got:
            raise ConnectionError('the body ended too early')
        body -= got


def serve(connection):
    """Answer the requests of one connection."""
    chunk = memoryview(b'x' * CHUNK)
    data = b''
    while True:
        while b'\r\n\r\n' not in data:
            got = connection.recv(65536)
            if not got:
                return
            data += got
        head, _, data = data.partition(b'\r\n\r\n')
        count = 0
        if head.startswith(b'GET '):
            count = int(re.match(rb'GET /(\d+) ', head)[1])
        else:
            length = re.search(rb'\r\ncontent-length: *(\d+)', head, re.IGNORECASE)
            receive(connection, int(length[1]), data)
        data = b''
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % count)
        while count:
            count -= connection.send(chunk[:count])


def main(descriptor):
    listening = socket.socket(fileno=int(descriptor))
    while True:
        connection, _ = listening.accept()
        with connection:
            serve(connection)


if __name__ == '__main__':
    main(sys.argv[1])
