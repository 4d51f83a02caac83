#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""``Gio.Settings``: a task that a change of its setting reaches at once.

An installed program has its schema compiled by its installation; this one does so at its start. With --auto the
program changes the setting from an hour to a second.
"""

import asyncio
import contextlib
import pathlib
import sys
import tempfile

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gio, Gtk  # noqa: E402

NAME = 'org.aioguest.recipes'
SCHEMA = f'''
<schemalist>
  <schema id="{NAME}" path="/org/aioguest/recipes/">
    <key name="interval" type="u">
      <range min="1" max="3600"/>
      <default>1</default>
      <summary>Seconds between two looks at the time</summary>
    </key>
  </schema>
</schemalist>
'''


async def compile_schema():
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / f'{NAME}.gschema.xml').write_text(SCHEMA, encoding='utf-8')
        process = await asyncio.create_subprocess_exec('glib-compile-schemas', '--strict', folder)
        if await process.wait() != 0:
            raise RuntimeError('the schema can not be compiled')
        source = Gio.SettingsSchemaSource.new_from_directory(
            folder, Gio.SettingsSchemaSource.get_default(), False)
        return source.lookup(NAME, False)


class Window(Gtk.ApplicationWindow):
    def __init__(self, application, settings):
        super().__init__(application=application, title='Uptime', default_width=360)
        self.settings = settings
        self.label = Gtk.Label(hexpand=True)
        interval = Gtk.SpinButton.new_with_range(1, 3600, 1)
        settings.bind('interval', interval.get_adjustment(), 'value', Gio.SettingsBindFlags.DEFAULT)
        box = Gtk.Box(spacing=12)
        for widget in (self.label, Gtk.Label(label='Look again after'), interval):
            box.append(widget)
        self.set_child(box)
        self.connect('realize', self.watch)

    @AioGuest.handler(until='unrealize')
    async def watch(self, window):
        while True:
            uptime = await asyncio.to_thread(pathlib.Path('/proc/uptime').read_text)
            self.label.set_label(f'Up for {uptime.split()[0]} s')
            with contextlib.suppress(TimeoutError):
                # The time is over, or another one is wanted.
                await AioGuest.wait_signal(
                    self.settings, 'changed::interval', timeout=self.settings.get_uint('interval'))


async def change(window):
    """--auto: as the user would."""
    await AioGuest.wait_until(window.label, 'notify::label', Gtk.Label.get_label)
    first = window.label.get_label()
    window.settings.set_uint('interval', 1)
    await AioGuest.wait_until(window.label, 'notify::label', lambda label: label.get_label() != first)
    print('another look after the change')


async def main():
    schema = await compile_schema()
    if '--auto' in sys.argv:
        settings = Gio.Settings.new_full(schema, Gio.memory_settings_backend_new(), None)
        settings.set_uint('interval', 3600)
        window = Window(app, settings)
        window.present()
        await change(window)
        app.quit()
    else:
        Window(app, Gio.Settings.new_full(schema, None, None)).present()
        await asyncio.Event().wait()


app = Gtk.Application(application_id='org.aioguest.Settings')
sys.exit(AioGuest.run(app, main=main))
