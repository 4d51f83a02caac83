#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-Bus: a service whose method answers when the user has clicked, and a caller that awaits the answer.

Start the program, and call it, with a number of seconds that a user may take:

    gdbus call --session --dest org.aioguest.Recipe --object-path /org/aioguest/Recipe \\
        --method org.aioguest.Recipe.Ask 'Coffee?' 60

With --auto the program calls itself, on a private bus: once it clicks, once it does not.
"""

import asyncio
import sys

import gi
from bus import private_bus, session_bus

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gio, GLib, Gtk  # noqa: E402

NAME = 'org.aioguest.Recipe'
PATH = '/org/aioguest/Recipe'
INTERFACE = Gio.DBusNodeInfo.new_for_xml(f'''
<node>
  <interface name="{NAME}">
    <method name="Ask">
      <arg type="s" name="question" direction="in"/>
      <arg type="u" name="seconds" direction="in"/>
      <arg type="b" name="answer" direction="out"/>
    </method>
  </interface>
</node>
''').interfaces[0]


class Window(Gtk.ApplicationWindow):
    def __init__(self, application):
        super().__init__(application=application, title='Questions', default_width=360)
        self.label = Gtk.Label(label='No question yet', hexpand=True)
        self.yes = Gtk.Button(label='Yes', sensitive=False)
        box = Gtk.Box(spacing=12)
        for widget in (self.label, self.yes):
            box.append(widget)
        self.set_child(box)
        self.lock = asyncio.Lock()

    async def ask(self, question, seconds):
        async with self.lock:  # one question after the other
            self.label.set_label(question)
            self.yes.set_sensitive(True)
            try:
                await AioGuest.wait_signal(self.yes, 'clicked', timeout=seconds)
            finally:
                self.label.set_label('No question')
                self.yes.set_sensitive(False)

    @AioGuest.handler
    async def on_call(self, connection, sender, path, interface, method, parameters, invocation):
        """Each call gets a task of its own, and so D-Bus need not wait for the answer."""
        try:
            await self.ask(*parameters.unpack())
        except TimeoutError:
            invocation.return_value(GLib.Variant('(b)', (False,)))
        except asyncio.CancelledError:
            invocation.return_dbus_error(f'{NAME}.Error.Closed', 'The program ends')
            raise
        else:
            invocation.return_value(GLib.Variant('(b)', (True,)))


async def own_name(bus):
    (result,) = await AioGuest.call(
        bus.call, 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName',
        GLib.Variant('(su)', (NAME, Gio.BusNameOwnerFlags.DO_NOT_QUEUE)), GLib.VariantType('(u)'),
        Gio.DBusCallFlags.NONE, -1)
    if result != 1:
        raise RuntimeError(f'another program is {NAME}')


async def ask(bus, question, seconds):
    """What any other program on the bus can do."""
    reply = await AioGuest.call(
        bus.call, NAME, PATH, NAME, 'Ask', GLib.Variant('(su)', (question, seconds)), GLib.VariantType('(b)'),
        Gio.DBusCallFlags.NONE, GLib.MAXINT)
    return reply.unpack()[0]


async def click(window, bus):
    """--auto: asks, clicks, and asks once more."""
    async with asyncio.TaskGroup() as group:
        answer = group.create_task(ask(bus, 'Coffee?', 3600))
        await AioGuest.wait_until(window.yes, 'notify::sensitive', Gtk.Widget.get_sensitive)
        print(window.label.get_label())
        window.yes.emit('clicked')
    print(answer.result())
    print(await ask(bus, 'Tea?', 1))


async def main():
    async with private_bus() if '--auto' in sys.argv else session_bus() as bus:
        window = Window(app)
        window.present()
        registration = bus.register_object(PATH, INTERFACE, window.on_call, None, None)
        try:
            await own_name(bus)
            if '--auto' in sys.argv:
                await click(window, bus)
                app.quit()
            await asyncio.Event().wait()  # until the application quits, which cancels main()
        finally:
            bus.unregister_object(registration)


app = Gtk.Application(application_id='org.aioguest.DBusService')
sys.exit(AioGuest.run(app, main=main))
