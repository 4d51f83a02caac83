#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A window that asks before it closes, and a task that waits until it is closed.

``close-request`` wants its answer at once, so the window stays open, and is destroyed when the user has agreed.
With --auto the program opens the window, tries to close it twice, and agrees at the second time.
"""

import asyncio
import sys

import gi

gi.require_versions({'AioGuest': '1.0', 'Gdk': '4.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gdk, Gtk  # noqa: E402

KEEP, DISCARD = 0, 1
LABELS = ['Keep', 'Discard']


async def ask_with_alert_dialog(parent, question):
    dialog = Gtk.AlertDialog(message=question, buttons=LABELS, cancel_button=KEEP)
    return await AioGuest.choose(dialog.choose, parent)


async def ask_with_message_dialog(parent, question):
    dialog = Gtk.MessageDialog(transient_for=parent, modal=True, text=question)
    for response, label in enumerate(LABELS):
        dialog.add_button(label, response)
    dialog.present()
    try:
        (response,) = await AioGuest.wait_signal(dialog, 'response')
        return response
    finally:
        dialog.destroy()


# GTK has alert dialogs since 4.10.
ask = ask_with_alert_dialog if hasattr(Gtk, 'AlertDialog') else ask_with_message_dialog


class Editor(Gtk.ApplicationWindow):
    def __init__(self, application):
        super().__init__(application=application, title='Letter', default_width=360, default_height=160)
        self.text = Gtk.TextView()
        self.text.get_buffer().set_text('Dear reader,')
        self.set_child(self.text)
        self.connect('close-request', self.on_close_request)

    @AioGuest.handler(returns=Gdk.EVENT_STOP, while_running='drop', until='unrealize')
    async def on_close_request(self, window):
        if await ask(self, 'Discard the letter?') == DISCARD:
            self.destroy()


class Window(Gtk.ApplicationWindow):
    def __init__(self, application):
        super().__init__(application=application, title='Letters', default_width=240)
        self.button = Gtk.Button(label='Write a letter')
        self.button.connect('clicked', self.on_clicked)
        self.set_child(self.button)

    @AioGuest.handler(while_running='drop', until='unrealize')
    async def on_clicked(self, button):
        editor = Editor(self.get_application())
        editor.present()
        await AioGuest.wait_signal(editor, 'unrealize')
        button.set_label('The letter is closed')


def find_button(widget, label):
    if isinstance(widget, Gtk.Button) and widget.get_label() == label:
        return widget
    child = widget.get_first_child()
    while child is not None:
        if button := find_button(child, label):
            return button
        child = child.get_next_sibling()
    return None


async def click(window):
    """--auto: opens the editor, and closes it and answers the dialog, twice."""
    toplevels = Gtk.Window.get_toplevels()
    window.button.emit('clicked')
    (editor,) = (toplevel for toplevel in toplevels if isinstance(toplevel, Editor))
    known = list(toplevels)
    for label in LABELS:
        editor.close()
        await AioGuest.wait_until(toplevels, 'items-changed', lambda toplevels: len(toplevels) > len(known))
        (dialog,) = (toplevel for toplevel in toplevels if toplevel not in known)
        tasks = editor.on_close_request.tasks()
        find_button(dialog, label).emit('clicked')
        await asyncio.wait(tasks)
        print(label, '- open:', editor.get_realized())
    await AioGuest.wait_until(window.button, 'notify::label', lambda button: 'closed' in button.get_label())
    print(window.button.get_label())


async def main():
    window = Window(app)
    window.present()
    if '--auto' in sys.argv:
        await click(window)
        app.quit()
    else:
        await asyncio.Event().wait()


app = Gtk.Application(application_id='org.aioguest.AskBeforeClosing')
sys.exit(AioGuest.run(app, main=main))
