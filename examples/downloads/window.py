# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The window: totals, frame meter, list."""

from gi.repository import Gio, Gtk

from .frame_meter import FrameMeter
from .model import Download
from .rate import RateMeter, format_rate, format_size
from .row import DownloadRow


def _label(text='', *classes, **properties):
    label = Gtk.Label(label=text, xalign=0, **properties)
    for name in classes:
        label.add_css_class(name)
    return label


def _card(*children, **properties):
    card = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, **properties)
    card.add_css_class('card')
    for child in children:
        card.append(child)
    return card


class DownloadsWindow(Gtk.ApplicationWindow):
    __gtype_name__ = 'DownloadsWindow'

    def __init__(self, application):
        super().__init__(application=application, title='Downloads',
                         default_width=760, default_height=772)
        self.add_css_class('downloads')
        self._rows = []
        self._rate = RateMeter()
        self._refreshes = 0

        self._cancel_all = Gtk.Button(label='Cancel All', sensitive=False)
        self._cancel_all.connect('clicked', self._on_cancel_all)
        header = Gtk.HeaderBar()
        header.pack_end(self._cancel_all)
        self.set_titlebar(header)

        self._throughput = _label(format_rate(0), 'title-1', 'numeric')
        self._totals = _label('Starting…', 'caption', 'dim-label', 'numeric')
        self.bar = Gtk.ProgressBar(valign=Gtk.Align.END, vexpand=True)
        self.meter = FrameMeter()
        self._frames = _label('', 'caption', 'dim-label', 'numeric')

        cards = Gtk.Box(spacing=12, homogeneous=True, vexpand=False)
        cards.append(_card(_label('Throughput', 'heading'), self._throughput, self._totals,
                           self.bar))
        cards.append(_card(_label('Time Between Frames', 'heading'), self.meter, self._frames))

        self._store = Gio.ListStore(item_type=Download)
        self._list = Gtk.ListBox(selection_mode=Gtk.SelectionMode.NONE,
                                 valign=Gtk.Align.START)
        self._list.add_css_class('boxed-list')
        self._list.bind_model(self._store, self._create_row)

        content = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=18)
        content.add_css_class('content')
        content.append(cards)
        content.append(self._list)
        self.set_child(Gtk.ScrolledWindow(child=content,
                                          hscrollbar_policy=Gtk.PolicyType.NEVER))

    @property
    def downloads(self):
        return list(self._store)

    def show_downloads(self, downloads):
        for download in downloads:
            self._store.append(download)
        self._cancel_all.set_sensitive(True)
        self.refresh()

    def refresh(self):
        """Show the numbers as they are now; called some times per second."""
        downloads = self.downloads
        for row in self._rows:
            if not row.download.is_over:
                row.refresh()

        received = sum(download.received for download in downloads)
        sizes = [download.size for download in downloads if download.size]
        over = sum(download.is_over for download in downloads)
        self._throughput.set_label(format_rate(self._rate.update(received)))
        self._totals.set_label(f'{over} of {len(downloads)} finished · '
                               f'{format_size(received)} received')
        if sizes:
            self.bar.set_fraction(min(1.0, self.share))
        # Sorting a minute's intervals takes its time: rarely.
        if self._refreshes % 5 == 0 and len(self.meter.intervals):
            self._frames.set_label(self._describe_frames())
        self._refreshes += 1

    @property
    def share(self):
        """How much is done, 0 to 1; those of unknown size count as the others' mean."""
        downloads = self.downloads
        if not downloads:
            return 0.0
        done = 0.0
        for download in downloads:
            if download.is_over:
                done += 1
            elif download.size:
                done += download.received / download.size
        return done / len(downloads)

    def finish(self):
        self._cancel_all.set_sensitive(False)
        self.refresh()
        if len(self.meter.intervals):
            self._frames.set_label(self._describe_frames())

    def _describe_frames(self):
        frames = self.meter.intervals
        return (f'Median {frames.quantile(0.5):.1f} · 99 % {frames.quantile(0.99):.1f} · '
                f'longest {frames.longest:.1f} ms')

    def _create_row(self, download):
        row = DownloadRow(download)
        self._rows.append(row)
        return row

    def _on_cancel_all(self, button):
        button.set_sensitive(False)
        for download in self.downloads:
            download.cancel()
