#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same in GTK 3, without a Gtk.Application: an echo server and a client for it.

``AioGuest.run`` iterates the main context until the coroutine returns, so this program
needs neither ``Gtk.main`` nor an application.  With --auto it clicks its own button.
"""

import asyncio
import sys

import gi

gi.require_version('AioGuest', '1.0')
gi.require_version('Gtk', '3.0')
from gi.repository import AioGuest, Gtk  # noqa: E402


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def ask(port, question):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(question.encode() + b'\n')
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer.decode().strip()


async def main():
    entry = Gtk.Entry(text='hello from gtk 3', width_chars=30)
    button = Gtk.Button(label='Send')
    answer = Gtk.Label(label='The server answers here')
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12, border_width=18)
    for widget in (entry, button, answer):
        box.add(widget)
    window = Gtk.Window(title='GTK 3')
    window.add(box)

    closed = asyncio.Event()
    window.connect('destroy', lambda window: closed.set())
    window.show_all()

    server = await asyncio.start_server(echo, '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]

    @AioGuest.handler(while_running='drop')
    async def on_clicked(button):
        answer.set_label(await ask(port, entry.get_text()))
        print(answer.get_label())
        if '--auto' in sys.argv:
            window.destroy()

    button.connect('clicked', on_clicked)
    if '--auto' in sys.argv:
        asyncio.get_running_loop().call_soon(button.clicked)

    async with server:
        await closed.wait()


AioGuest.run(main())
