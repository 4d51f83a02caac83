# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the stub of AioGuest changes for a program of GTK: nothing.

``typed`` and ``untyped``: with and without the stubs of PyGObject.
"""

import gi
import gi.types  # error: mypy typed

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


print(gi.types.GObjectMeta)


class Window(Gtk.Window):  # error: mypy untyped
    @AioGuest.handler
    async def on_clicked(self, button: Gtk.Button) -> None:
        await AioGuest.wait_signal(button, 'clicked')


number: int = Gtk.Label(label='text').get_text()  # error: typed
