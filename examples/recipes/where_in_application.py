#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the table of ``docs/application.md``: every call is made at every place of an application.

'yes' stands for a call that returned, anything else for the exception that it raised. The order of the lines
is that in which the places were reached. GLib registers the application on a session bus that the program starts.
"""

import asyncio
import os
import subprocess

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gio, GLib, Gtk  # noqa: E402


async def work():
    pass


def start(coro):
    # Where a new run can be started it is seen to its end.
    task = AioGuest.start(coro)
    while not task.get_loop().is_closed():
        GLib.MainContext.default().iteration(True)


CALLS = {
    '`asyncio.get_running_loop()`': lambda coro: asyncio.get_running_loop() and coro.close(),
    '`asyncio.create_task(coro)`': asyncio.create_task,
    '`AioGuest.spawn(coro)`': AioGuest.spawn,
    '`AioGuest.wait(coro)`': AioGuest.wait,
    '`AioGuest.start(coro)`': start,
}


def outcome(call):
    coro = work()
    try:
        call(coro)
        return 'yes'
    except RuntimeError as error:
        coro.close()  # asyncio does not close what it refuses
        return f'`{type(error).__name__}`'


def place(name):
    print('|', ' | '.join([name, *map(outcome, CALLS.values())]), '|')


class Application(Gtk.Application):
    def do_local_command_line(self, arguments):
        place('`do_local_command_line()`')
        return Gtk.Application.do_local_command_line(self, arguments)

    def do_dbus_register(self, connection, path):
        place('`do_dbus_register()`')
        return Gtk.Application.do_dbus_register(self, connection, path)

    def do_startup(self):
        Gtk.Application.do_startup(self)
        place('`do_startup()`')
        action = Gio.SimpleAction(name='try')
        action.connect('activate', lambda action, parameter: place('a handler of an action'))
        self.add_action(action)
        self.connect('shutdown', lambda app: place('a handler of `::shutdown`, connected later'))

    def do_command_line(self, command_line):
        place('`do_command_line()`')
        self.open([command_line.create_file_for_arg('file')], '')
        return 0

    def do_open(self, *args):
        place('`do_open()`')
        self.activate()

    def do_activate(self):
        place('`do_activate()`')
        window = Gtk.ApplicationWindow(application=self)
        window.connect('close-request', lambda window: place('a handler of `Gtk.Window::close-request`'))
        window.present()

    def do_shutdown(self):
        place('`do_shutdown()`')
        Gtk.Application.do_shutdown(self)


async def main():
    place('the first step of `main()`')
    try:
        await AioGuest.wait_signal(app, 'window-added')
        GLib.idle_add(app.activate_action, 'try')
        await AioGuest.wait_signal(app.lookup_action('try'), 'activate')
        GLib.idle_add(app.get_active_window().close)
        await asyncio.Event().wait()
    finally:
        place('a `finally:` of `main()`')


def print_table():
    print('| |', ' | '.join(CALLS), '|')
    print('|', ' | '.join(['---'] * (len(CALLS) + 1)), '|')
    place('before `run()`')
    app.connect('startup', lambda app: place('a handler of `::startup`'))
    app.connect('shutdown', lambda app: place('a handler of `::shutdown`, connected before `run()`'))
    AioGuest.run(app, ['program'], main=main)
    place('after `run()`')


app = Application(application_id='org.aioguest.Where',
                  flags=Gio.ApplicationFlags.HANDLES_COMMAND_LINE | Gio.ApplicationFlags.HANDLES_OPEN)
with subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--print-address'],
                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as daemon:
    try:
        os.environ['DBUS_SESSION_BUS_ADDRESS'] = daemon.stdout.readline().strip()
        bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        bus.set_exit_on_close(False)
        print_table()
    finally:
        daemon.terminate()
