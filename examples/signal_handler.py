#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A signal handler that awaits.

A click looks up how many prime numbers there are below a limit, which takes a process
of its own some time; the window stays alive and a second click meanwhile is dropped.
With --auto the program clicks its own buttons and checks what comes of it.
"""

import asyncio
import sys

import gi

gi.require_version('AioGuest', '1.0')
gi.require_version('Gtk', '4.0')
from gi.repository import AioGuest, Gtk  # noqa: E402

PROGRAM = '''
limit = 200_000
sieve = bytearray([1]) * limit
sieve[:2] = 0, 0
for n in range(2, int(limit ** 0.5) + 1):
    if sieve[n]:
        sieve[n * n::n] = bytes(len(range(n * n, limit, n)))
print(sum(sieve), "primes below", limit)
'''


class Window(Gtk.ApplicationWindow):
    def __init__(self, application):
        super().__init__(application=application, title='Signal handler',
                         default_width=320)
        self.label = Gtk.Label(label='Not counted yet', margin_top=18)
        self.button = Gtk.Button(label='Count', halign=Gtk.Align.CENTER, margin_bottom=18)
        self.button.connect('clicked', self.on_clicked)
        self.started = 0
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=18)
        box.append(self.label)
        box.append(self.button)
        self.set_child(box)

    # GTK connects it like any other function, and asyncio runs it as a task.
    @AioGuest.handler(while_running='drop')
    async def on_clicked(self, button):
        self.started += 1
        self.label.set_label('Counting…')
        process = await asyncio.create_subprocess_exec(
            sys.executable, '-c', PROGRAM, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        self.label.set_label(output.decode().strip())


async def click_and_check(window):
    """--auto: emits real ``clicked`` signals."""
    for _ in range(2):
        window.button.emit('clicked')
        window.button.emit('clicked')  # dropped
        await AioGuest.wait_until(
            window.label, 'notify::label', lambda label: label.get_label().endswith('200000'))
        print(window.label.get_label())
        window.label.set_label('')
    assert window.started == 2, window.started
    window.close()


def on_activate(app):
    window = Window(app)
    window.present()
    if '--auto' in sys.argv:
        AioGuest.spawn(click_and_check(window))


app = Gtk.Application(application_id='org.aioguest.SignalHandler')
app.connect('activate', on_activate)
sys.exit(AioGuest.run(app))
