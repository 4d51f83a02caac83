#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A long computation in an executor: the window stays alive, progress comes from the thread.

With --auto the program ends after the computation.
"""

import asyncio
import sys

import gi

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


def count_primes(limit, on_progress):
    """Plain Python that knows nothing of GTK or asyncio; runs in a thread."""
    sieve = bytearray([1]) * limit
    sieve[:2] = 0, 0
    root = int(limit ** 0.5) + 1
    for n in range(2, root):
        if sieve[n]:
            sieve[n * n::n] = bytes(len(range(n * n, limit, n)))
            on_progress(n / root)
    return sum(sieve)


async def main():
    bar = Gtk.ProgressBar(show_text=True, text='Counting…')
    Gtk.ApplicationWindow(application=app, title='Executor', child=bar).present()

    loop = asyncio.get_running_loop()

    def on_progress(fraction):
        # In the thread: GTK is out of bounds here, so have the loop do it.
        loop.call_soon_threadsafe(bar.set_fraction, fraction)

    primes = await asyncio.to_thread(count_primes, 5_000_000, on_progress)
    bar.set_text(f'{primes} primes')
    bar.set_fraction(1)
    print(bar.get_text())
    if '--auto' in sys.argv:
        app.quit()


app = Gtk.Application(application_id='org.aioguest.Executor')
sys.exit(AioGuest.run(app, main=main))
