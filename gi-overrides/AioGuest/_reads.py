# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""How much the transports of an :class:`EventLoop` ask for at each read.

asyncio's ask for 256 KiB, whatever comes: Python allocates that much, and gives back what was not needed.
The C library maps memory for as much as that, unless its heap happens to have room: two more system calls
and some page faults for each message, which make an echo up to four times as slow. So each transport
gets a size that the heap serves, in the attribute that asyncio has for it. Where a program has set that
attribute to something else, of a class or of a transport, it is left alone.
"""

import os
import socket
import stat

from ._datagrams import UnixDatagramTransport, is_own_size

__all__ = ['SizedReads']

#: asyncio's own, in bytes.
_DEFAULT = 256 * 1024

#: glibc maps memory from 128 KiB on. This leaves 1 KiB for what Python and malloc add to each block, also
#: when they debug.
_STREAM = 127 * 1024

#: OpenSSL gives one record at each read, which has no more than this.
_TLS = 16 * 1024

#: No UDP datagram is larger.
_UDP = 64 * 1024


class SizedReads:
    """For asyncio's event loop over a selector: each transport that it makes gets its size."""

    async def start_tls(self, transport, protocol, sslcontext, **options):
        """Go on with a connection over TLS, as asyncio does."""
        secured = await super().start_tls(transport, protocol, sslcontext, **options)
        _limit_tls_reads(secured)
        return secured

    def _make_socket_transport(self, sock, *args, **options):
        transport = super()._make_socket_transport(sock, *args, **options)
        _set_size(transport, _STREAM)
        return transport

    def _make_ssl_transport(self, rawsock, *args, **options):
        transport = super()._make_ssl_transport(rawsock, *args, **options)
        _limit_tls_reads(transport)
        return transport

    def _make_datagram_transport(self, sock, *args, **options):
        if sock.family == socket.AF_UNIX and is_own_size(_DEFAULT):
            return UnixDatagramTransport(self, sock, *args, **options)
        transport = super()._make_datagram_transport(sock, *args, **options)
        if sock.family in (socket.AF_INET, socket.AF_INET6) and sock.proto in (0, socket.IPPROTO_UDP):
            _set_size(transport, _UDP)
        return transport

    def _make_read_pipe_transport(self, pipe, *args, **options):
        transport = super()._make_read_pipe_transport(pipe, *args, **options)
        # Other devices, and sockets, may have messages, which a shorter read would cut or could not
        # have at all.
        fd = pipe.fileno()
        if stat.S_ISFIFO(os.fstat(fd).st_mode) or os.isatty(fd):
            _set_size(transport, _STREAM)
        return transport


def _limit_tls_reads(transport):
    # The record layer reads for it.
    _set_size(getattr(transport, '_ssl_protocol', None), _TLS)


def _set_size(reader, size):
    if getattr(reader, 'max_size', None) == _DEFAULT:
        reader.max_size = size
