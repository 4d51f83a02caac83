# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A live plot of the time between frames."""

from gi.repository import Gdk, GLib, Graphene, Gtk, Pango

from .frames import FrameIntervals

BAR = 3  # width of a bar and the gap beside it, in pixels
SCALE_WIDTH = 36  # of the labels at the left
CEILING = 50.0  # milliseconds at the plot's upper edge
GUIDES = (1000 / 60, 1000 / 30)


def _colour(name, alpha=1.0):
    colour = Gdk.RGBA()
    colour.parse(name)
    colour.alpha = alpha
    return colour


SMOOTH, LATE, MISSED = _colour('#3584e4'), _colour('#e5a50a'), _colour('#e01b24')
GUIDE, SCALE = _colour('#808080', 0.35), _colour('#808080')


class FrameMeter(Gtk.Widget):
    """One bar for each frame: how long after the one before it came.

    The frame clock calls in at every frame, and the time is taken there and then:
    the clock's own frame time is smoothed, which would hide what is measured here.
    """

    __gtype_name__ = 'DownloadsFrameMeter'

    def __init__(self):
        super().__init__(hexpand=True, overflow=Gtk.Overflow.HIDDEN)
        self.intervals = FrameIntervals()
        self._recording = False
        self._left_out = 0
        self._recent = []
        self._last = None
        self._labels = None
        self.add_tick_callback(self._on_frame)

    def record(self, recording):
        """Begin or end to collect ``intervals``; the plot runs all the time.

        The first two are left out: they hold the first layout of what the window
        has just been given to show.
        """
        self._recording = recording
        self._left_out = 2

    def _on_frame(self, widget, clock):
        now = GLib.get_monotonic_time()
        if self._last is not None:
            interval = (now - self._last) / 1000
            self._recent.append(interval)
            del self._recent[:-max(1, (self.get_width() - SCALE_WIDTH) // BAR)]
            if self._recording and self._left_out == 0:
                self.intervals.add(interval)
            self._left_out = max(0, self._left_out - 1)
            self.queue_draw()
        self._last = now
        return GLib.SOURCE_CONTINUE

    def do_unmap(self):
        # No frames are due while the window is hidden.
        self._last = None
        Gtk.Widget.do_unmap(self)

    def do_measure(self, orientation, for_size):
        minimum, natural = (180, 300) if orientation == Gtk.Orientation.HORIZONTAL else (64, 64)
        return minimum, natural, -1, -1

    def do_snapshot(self, snapshot):
        width, height = self.get_width(), self.get_height()
        rectangle = Graphene.Rect()
        x = width - BAR * len(self._recent)
        for interval in self._recent:
            length = min(interval / CEILING, 1.0) * height
            colour = SMOOTH if interval <= 25 else LATE if interval <= 40 else MISSED
            snapshot.append_color(colour, rectangle.init(x, height - length, BAR - 1, length))
            x += BAR

        for guide, label in zip(GUIDES, self._guide_labels()):
            y = round(height * (1 - guide / CEILING))
            snapshot.append_color(
                GUIDE, rectangle.init(SCALE_WIDTH, y, width - SCALE_WIDTH, 1))
            snapshot.save()
            snapshot.translate(Graphene.Point().init(0, y - label.get_pixel_size()[1] / 2))
            snapshot.append_layout(label, SCALE)
            snapshot.restore()

    def _guide_labels(self):
        if self._labels is None:
            self._labels = []
            for guide in GUIDES:
                label = self.create_pango_layout(f'{guide:.0f} ms')
                description = Pango.FontDescription()
                description.set_size(7 * Pango.SCALE)
                label.set_font_description(description)
                self._labels.append(label)
        return self._labels
