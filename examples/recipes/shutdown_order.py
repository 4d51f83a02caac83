#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens in which order when SIGTERM ends an application; see
``docs/signals-and-shutdown.md``."""

import asyncio
import os
import signal
import sys
import threading

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


async def generate():
    try:
        yield
    finally:
        await asyncio.sleep(0.01)
        print('3. asynchronous generators are closed')
        closed.set()


async def other():
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.01)
        print('2. all other tasks are cancelled and awaited')


def compute():
    closed.wait()  # it takes longer than all that
    print('4. the threads of the default executor are joined')


async def main():
    window = Gtk.ApplicationWindow(application=app, title='Shutdown')
    window.present()
    asyncio.get_running_loop().run_in_executor(None, compute)
    AioGuest.spawn(other())
    generator = generate()
    await anext(generator)
    if '--auto' in sys.argv:
        os.kill(os.getpid(), signal.SIGTERM)
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.01)
        print('1. the main task is cancelled, and ends')


class Application(Gtk.Application):
    def do_shutdown(self):
        Gtk.Application.do_shutdown(self)
        print('6. do_shutdown() is called')


def on_done(task):
    print('5. the loop is closed, done_callback is called:', task.get_loop().is_closed())


closed = threading.Event()
app = Application(application_id='org.aioguest.ShutdownOrder')
status = AioGuest.run(app, main=main, done_callback=on_done)
print(f'7. run() returns {status}')
