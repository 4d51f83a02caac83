# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small widget to be tested by ``test_counter.py``."""

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


class Counter(Gtk.Button):
    """A button that asks somebody, asynchronously, for the number to show."""

    def __init__(self, fetch):
        super().__init__(label='?')
        self.fetch = fetch
        self.connect('clicked', self.on_clicked)

    @AioGuest.handler(while_running='drop')
    async def on_clicked(self, button):
        self.set_sensitive(False)
        try:
            self.set_label(str(await self.fetch()))
        except OSError as error:
            self.set_label(str(error))
        finally:
            self.set_sensitive(True)
