# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The peer of the echo scenarios: ``echo.py PORT CONNECTIONS SIZE SECONDS``.

Has one message under way on each connection, and prints as JSON how many came back: ``counted`` in
``elapsed`` seconds, ``total`` with those before. No event loop: blocking sockets for one
connection, an epoll object for more.
"""

import json
import select
import socket
import sys
import time

WARM_UP = 0.05


def one(sock, payload, end):
    count = 0
    size = len(payload)
    while (now := time.perf_counter()) < end:
        for _ in range(10):
            sock.send(payload)
            received = len(sock.recv(size))
            while received < size:
                received += len(sock.recv(size - received))
        count += 10
    return count, now


def many(socks, poller, payload, end):
    count = 0
    size = len(payload)
    while (now := time.perf_counter()) < end:
        for fd, _ in poller.poll():
            sock = socks[fd]
            # Small enough to come in one piece.
            if len(sock.recv(size)) != size:
                raise RuntimeError('a message came in pieces')
            sock.send(payload)
            count += 1
    return count, now


def main(port, connections, size, seconds):
    socks = [socket.create_connection(('127.0.0.1', port)) for _ in range(connections)]
    for sock in socks:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    payload = b'x' * size
    if connections == 1:
        def run(end):
            return one(socks[0], payload, end)
    else:
        poller = select.epoll()
        by_fd = {sock.fileno(): sock for sock in socks}
        for sock in socks:
            poller.register(sock, select.EPOLLIN)
            sock.send(payload)

        def run(end):
            return many(by_fd, poller, payload, end)

    before, start = run(time.perf_counter() + WARM_UP)
    counted, end = run(start + seconds)
    for sock in socks:
        sock.close()
    print(json.dumps({
        'counted': counted, 'elapsed': end - start, 'total': before + counted,
    }))


if __name__ == '__main__':
    main(*map(int, sys.argv[1:4]), float(sys.argv[4]))
