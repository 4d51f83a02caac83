# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A transport of datagrams over a UNIX socket that reads each whole, and asks for no more.

They can be larger than what asyncio's transport asks for, which cuts them: how large depends on the
sender's buffer. So the socket is asked for the size of the next one.
"""

import fcntl
import struct
import termios
from asyncio import selector_events

__all__ = ['UnixDatagramTransport', 'is_own_size']

_Base = getattr(selector_events, '_SelectorDatagramTransport', object)
_INT = struct.Struct('i')


def is_own_size(size):
    """Whether there is asyncio's transport to derive from, and what it asks for is *size* still."""
    return getattr(_Base, 'max_size', None) == size


class UnixDatagramTransport(_Base):
    _own_size = None

    @property
    def max_size(self):
        """Bytes to ask for at the next read: the size of the next datagram, or what the program has set."""
        if self._own_size is not None:
            return self._own_size
        size, = _INT.unpack(fcntl.ioctl(self._sock, termios.FIONREAD, bytes(_INT.size)))
        # None is 0 bytes long for recvfrom(), which would not look then.
        return max(size, 1)

    @max_size.setter
    def max_size(self, size):
        self._own_size = size
