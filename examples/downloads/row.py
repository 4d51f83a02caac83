# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A row of the list: one download."""

from gi.repository import Gtk, Pango

from .model import State
from .rate import RateMeter, format_rate, format_size

ICONS = {
    State.DONE: ('object-select-symbolic', 'success'),
    State.FAILED: ('dialog-error-symbolic', 'error'),
    State.CANCELLED: ('dialog-warning-symbolic', 'dim-label'),
}


class DownloadRow(Gtk.ListBoxRow):
    __gtype_name__ = 'DownloadsRow'

    def __init__(self, download):
        super().__init__(activatable=False, selectable=False)
        self.download = download
        self._rate = RateMeter()

        self._icon = Gtk.Image(icon_name='folder-download-symbolic')
        self._icon.add_css_class('dim-label')
        name = Gtk.Label(label=download.name, xalign=0, hexpand=True,
                         ellipsize=Pango.EllipsizeMode.MIDDLE, tooltip_text=download.url)
        self._status = Gtk.Label(xalign=1)
        self._status.add_css_class('caption')
        self._status.add_css_class('dim-label')
        self._status.add_css_class('numeric')
        self._bar = Gtk.ProgressBar(hexpand=True, valign=Gtk.Align.CENTER)
        self._error = Gtk.Label(xalign=0, visible=False, wrap=True)
        self._error.add_css_class('caption')
        self._error.add_css_class('error')
        self._cancel = Gtk.Button(icon_name='window-close-symbolic', valign=Gtk.Align.CENTER,
                                  tooltip_text='Cancel this download')
        self._cancel.add_css_class('flat')
        self._cancel.add_css_class('circular')
        # No await in sight: a plain callback, and the task sees it in this very
        # turn of the main loop.
        self._cancel.connect('clicked', lambda button: download.cancel())

        heading = Gtk.Box(spacing=12)
        heading.append(name)
        heading.append(self._status)
        middle = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6,
                         valign=Gtk.Align.CENTER)
        middle.append(heading)
        middle.append(self._bar)
        middle.append(self._error)
        content = Gtk.Box(spacing=12)
        content.add_css_class('download')
        content.append(self._icon)
        content.append(middle)
        content.append(self._cancel)
        self.set_child(content)

        download.connect('state-changed', self._on_state_changed)
        self._on_state_changed(download)

    def _on_state_changed(self, download):
        if download.state in ICONS:
            icon, style = ICONS[download.state]
            self._icon.set_from_icon_name(icon)
            self._icon.set_css_classes([style])
        failed = download.state is State.FAILED
        self._error.set_label(download.error_text or '')
        self._error.set_visible(failed)
        self._bar.set_visible(not failed)
        # Invisible but in its place, so that nothing moves.
        self._cancel.set_opacity(0 if download.is_over else 1)
        self._cancel.set_sensitive(not download.is_over)
        self.refresh()

    def refresh(self):
        """Show the numbers as they are now."""
        download = self.download
        rate = self._rate.update(download.received)
        if download.size:
            self._bar.set_fraction(min(1.0, download.received / download.size))
        elif download.state is State.DOWNLOADING:
            self._bar.pulse()
        elif download.state is State.DONE:
            self._bar.set_fraction(1.0)
        self._status.set_label(self._describe(rate))

    def _describe(self, rate):
        download = self.download
        match download.state:
            case State.WAITING:
                return 'Waiting'
            case State.CONNECTING:
                return 'Connecting…'
            case State.DOWNLOADING:
                received = format_size(download.received)
                if download.size:
                    received += ' of ' + format_size(download.size)
                return f'{received} · {format_rate(rate)}'
            case State.DONE:
                verified = ' · SHA-256 matches' if download.verified else ''
                return format_size(download.received) + verified
            case State.FAILED:
                return 'Failed'
            case State.CANCELLED:
                return 'Cancelled'
