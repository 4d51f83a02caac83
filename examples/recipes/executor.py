#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A long computation in an executor: the window stays alive, progress comes from the thread.

A thread can't be cancelled: the task is, and tells the thread by a flag. With --auto the program
counts once, cancels a second computation half-way, and ends.
"""

import asyncio
import sys
import threading

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


def count_primes(limit, on_progress, stop):
    """Plain Python that knows nothing of GTK or asyncio; runs in a thread."""
    sieve = bytearray([1]) * limit
    sieve[:2] = 0, 0
    root = int(limit ** 0.5) + 1
    for n in range(2, root):
        if stop.is_set():
            return None
        if sieve[n]:
            sieve[n * n::n] = bytes(len(range(n * n, limit, n)))
            on_progress(n / root)
    return sum(sieve)


class Window(Gtk.ApplicationWindow):
    def __init__(self):
        super().__init__(application=app, title='Executor')
        self.bar = Gtk.ProgressBar(show_text=True, text='Ready', hexpand=True)
        self.start = Gtk.Button(label='Start')
        self.start.connect('clicked', self.on_start)
        self.cancel = Gtk.Button(label='Cancel', sensitive=False)
        self.cancel.connect('clicked', self.on_cancel)
        box = Gtk.Box(spacing=6)
        for widget in self.bar, self.start, self.cancel:
            box.append(widget)
        self.set_child(box)

    @AioGuest.handler(while_running='drop', until='unrealize')
    async def on_start(self, button):
        self.cancel.set_sensitive(True)
        try:
            self.bar.set_text(f'{await self.count()} primes')
        except asyncio.CancelledError:
            self.bar.set_text('Cancelled')
            raise
        finally:
            self.cancel.set_sensitive(False)

    def on_cancel(self, button):
        self.on_start.cancel()

    async def count(self):
        self.bar.set_text('Counting…')
        loop = asyncio.get_running_loop()
        stop = threading.Event()

        def on_progress(fraction):
            # In the thread: GTK is out of bounds here, so have the loop do it.
            loop.call_soon_threadsafe(self.bar.set_fraction, fraction)

        try:
            return await asyncio.to_thread(count_primes, 5_000_000, on_progress, stop)
        except asyncio.CancelledError:
            # The thread goes on until it looks at the flag.
            stop.set()
            raise


async def click(window):
    """--auto: emits real ``clicked`` signals."""
    window.start.emit('clicked')
    await asyncio.wait(window.on_start.tasks())
    print(window.bar.get_text())

    window.start.emit('clicked')
    await AioGuest.wait_signal(
        window.bar, 'notify::fraction', predicate=lambda pspec: 0 < window.bar.get_fraction() < 0.9)
    window.cancel.emit('clicked')
    await asyncio.wait(window.on_start.tasks())
    print(window.bar.get_text())


async def main():
    window = Window()
    window.present()
    if '--auto' in sys.argv:
        await click(window)
        app.quit()
    else:
        await asyncio.Event().wait()


app = Gtk.Application(application_id='org.aioguest.Executor')
sys.exit(AioGuest.run(app, main=main))
