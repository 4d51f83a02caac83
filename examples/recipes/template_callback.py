#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An async function as the callback of a ``Gtk.Template``.

With --auto the program clicks the button twice: the second click comes too early.
"""

import asyncio
import sys

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402

UI = '''
<interface>
  <template class="RecipeWindow" parent="GtkApplicationWindow">
    <property name="title">Template</property>
    <property name="child">
      <object class="GtkButton" id="button">
        <property name="label">Ask</property>
        <signal name="clicked" handler="on_clicked"/>
      </object>
    </property>
  </template>
</interface>
'''


@Gtk.Template(string=UI)
class RecipeWindow(Gtk.ApplicationWindow):
    __gtype_name__ = 'RecipeWindow'
    button = Gtk.Template.Child()

    @Gtk.Template.Callback()
    @AioGuest.handler(while_running='drop')
    async def on_clicked(self, *args):
        self.button.set_label('Asking…')  # at once, before clicked returns
        print('asking')
        await asyncio.sleep(0.1)
        self.button.set_label('Answered')


async def main():
    window = RecipeWindow(application=app)
    window.present()
    if '--auto' not in sys.argv:
        await asyncio.Event().wait()
    window.button.emit('clicked')
    print(window.button.get_label())
    window.button.emit('clicked')  # dropped
    await AioGuest.wait_signal(window.button, 'notify::label')
    print(window.button.get_label())
    app.quit()


app = Gtk.Application(application_id='org.aioguest.TemplateCallback')
sys.exit(AioGuest.run(app, main=main))
