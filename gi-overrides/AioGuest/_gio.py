# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Gio, imported when it is wanted: for a program without it that would take longer than all of AioGuest."""

from gi.repository import GObject

__all__ = ['Gio', 'get_default_application', 'is_application']


class _Gio:
    """Stands for the namespace."""

    def __getattr__(self, name):
        from gi.repository import Gio

        value = getattr(Gio, name)
        # Not asked for again.
        setattr(self, name, value)
        return value


Gio = _Gio()


def is_application(obj):
    """Whether it is a ``Gio.Application``."""
    return isinstance(obj, GObject.Object) and isinstance(obj, Gio.Application)


def get_default_application():
    """The process's default ``Gio.Application``, which a host in C may have made, or None."""
    try:
        GObject.GType.from_name('GApplication')
    except RuntimeError:
        # Nobody has ever used the type.
        return None
    return Gio.Application.get_default()
