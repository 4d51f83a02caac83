# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is downloaded, as the window's list shows it."""

import enum
import time
import urllib.parse

from gi.repository import GObject


class State(enum.Enum):
    WAITING = 'waiting'
    CONNECTING = 'connecting'
    DOWNLOADING = 'downloading'
    DONE = 'done'
    FAILED = 'failed'
    CANCELLED = 'cancelled'


FINAL_STATES = frozenset({State.DONE, State.FAILED, State.CANCELLED})


def _name_of(url):
    path = urllib.parse.urlsplit(url).path
    name = urllib.parse.unquote(path.rsplit('/', 1)[-1])
    # Unquoting may bring separators back, and a NUL no file name can have.
    name = name.replace('/', '_').replace('\0', '_')
    return name if name not in ('', '.', '..') else 'download'


class Download(GObject.Object):
    """One file: where it comes from, how far it got, how it ended.

    ``expected_error`` is the kind of error it is meant to end with, for the
    program's own deliberate ones.  Numbers change often, so they notify nobody,
    a widget reads them when it draws; a change of state emits ``state-changed``.
    """

    __gtype_name__ = 'DownloadsDownload'

    def __init__(self, url, checksum=None, expected_error=None):
        super().__init__()
        self.url = url
        self.name = _name_of(url)
        self.checksum = checksum
        self.expected_error = expected_error
        self.state = State.WAITING
        self.size = None
        self.received = 0
        self.verified = None  # True or False once compared with the checksum
        self.error_kind = None
        self.error_text = None
        self.task = None
        self._begun = None
        self._ended = None

    @GObject.Signal(name='state-changed')
    def state_changed(self):
        pass

    def set_state(self, state):
        if state is State.CONNECTING:
            self._begun = time.monotonic()
        elif state in FINAL_STATES:
            self._ended = time.monotonic()
        self.state = state
        self.emit('state-changed')

    def fail(self, kind, text):
        self.error_kind = kind
        self.error_text = text
        self.set_state(State.FAILED)

    def cancel(self):
        if self.task is not None:
            self.task.cancel()

    @property
    def is_over(self):
        return self.state in FINAL_STATES

    @property
    def as_it_should(self):
        if self.expected_error is not None:
            return self.state is State.FAILED and self.error_kind == self.expected_error
        return self.state is State.DONE

    @property
    def seconds(self):
        """How long it has been, or was, under way."""
        if self._begun is None:
            return 0.0
        return (self._ended or time.monotonic()) - self._begun

    @property
    def rate(self):
        """Bytes per second over its whole life."""
        return self.received / self.seconds if self.seconds > 0 else 0.0
