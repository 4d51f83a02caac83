# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Awaiting what a user chooses in a dialog."""

import sys

from gi.repository import GLib

from ._call import call

__all__ = ['choose']

_OLDEST_GTK = (4, 10)


async def choose(function, *args, **kwargs):
    """Await a dialog, and return None if the user dismisses it.

    As :func:`call`, but GTK's own errors ``Gtk.DialogError.DISMISSED`` and ``CANCELLED`` are no errors here. ::

        file = await AioGuest.choose(Gtk.FileDialog().open, window)
        if file is not None:
            ...

    If the task is cancelled the dialog is closed, and CancelledError is raised.

    :param function: the dialog's asynchronous function, such as ``Gtk.FileDialog.open``,
        ``Gtk.AlertDialog.choose`` or ``Gtk.ColorDialog.choose_rgba``.
    :param args: its arguments, as for :func:`call`.
    :param kwargs: more of its arguments, by name.
    :returns: what its ``_finish`` function returns, or None.
    :raises GLib.Error: any other error of the dialog.
    :raises TypeError: the function is not asynchronous, or an argument is wrong.
    :raises RuntimeError: GTK is older than 4.10, whose dialogs have no such functions; or as :func:`call`.
    """
    _check_gtk()
    try:
        return await call(function, *args, **kwargs)
    except GLib.Error as error:
        if _is_dismissal(error):
            return None
        raise


def _get_gtk():
    """GTK if the program uses it. It is not imported for this: that would initialise it."""
    return sys.modules.get('gi.repository.Gtk')


def _check_gtk():
    gtk = _get_gtk()
    if gtk is None:
        return
    version = gtk.MAJOR_VERSION, gtk.MINOR_VERSION
    if version < _OLDEST_GTK:
        raise RuntimeError(
            'AioGuest.choose() needs GTK {}.{} or newer, and this is GTK {}.{}'.format(*_OLDEST_GTK, *version)
        )


def _is_dismissal(error):
    gtk = _get_gtk()
    if gtk is None:
        return False
    codes = gtk.DialogError
    return any(error.matches(codes.quark(), code) for code in (codes.DISMISSED, codes.CANCELLED))
