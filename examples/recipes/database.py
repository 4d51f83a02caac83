#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SQL by SQLAlchemy's asyncio beside a window: notes that are added and listed while GTK goes on.

The packages sqlalchemy[asyncio] and aiosqlite are needed. With --auto the program adds two notes, and lists them.
"""

import asyncio
import sys

import gi
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

gi.require_versions({'AioGuest': '1.0', 'Gtk': '4.0'})
from gi.repository import AioGuest, Gtk  # noqa: E402


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = 'notes'
    number: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


class Window(Gtk.ApplicationWindow):
    def __init__(self, application, make_session):
        super().__init__(application=application, title='Notes', default_width=360, default_height=240)
        self.make_session = make_session
        self.entry = Gtk.Entry(placeholder_text='A note')
        self.notes = Gtk.StringList()
        self.status = Gtk.Label(xalign=0)
        factory = Gtk.SignalListItemFactory()
        factory.connect('setup', lambda factory, item: item.set_child(Gtk.Label(xalign=0)))
        factory.connect('bind', lambda factory, item: item.get_child().set_label(item.get_item().get_string()))
        view = Gtk.ListView(model=Gtk.NoSelection(model=self.notes), factory=factory)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        for widget in (self.entry, Gtk.ScrolledWindow(child=view, vexpand=True), self.status):
            box.append(widget)
        self.set_child(box)
        self.entry.connect('activate', self.on_activate)

    def on_activate(self, entry):
        self.add(entry.get_text())  # what it is now, however long the queue
        entry.set_text('')

    @AioGuest.handler(while_running='queue')
    async def add(self, text):
        try:
            async with self.make_session() as session, session.begin():
                session.add(Note(text=text))
            await self.show_notes()
        except SQLAlchemyError as error:
            self.status.set_label(str(error))

    async def show_notes(self):
        async with self.make_session() as session:
            texts = list(await session.scalars(select(Note.text).order_by(Note.number)))
        self.notes.splice(0, self.notes.get_n_items(), texts)
        self.status.set_label(f'{len(texts)} notes')


async def type_notes(window):
    """--auto: enters two notes, and the second one while the first is being stored."""
    for text in ('Buy milk', 'Feed the cat'):
        window.entry.set_text(text)
        window.entry.emit('activate')
    await AioGuest.wait_until(window.status, 'notify::label', lambda status: status.get_label() == '2 notes')
    print([window.notes.get_string(number) for number in range(window.notes.get_n_items())])


async def main():
    engine = create_async_engine('sqlite+aiosqlite://')  # in memory; a file would have its path after a slash
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        window = Window(app, async_sessionmaker(engine, expire_on_commit=False))
        window.present()
        await window.show_notes()
        if '--auto' in sys.argv:
            await type_notes(window)
            app.quit()
        await asyncio.Event().wait()  # until the application quits, which cancels main()
    finally:
        await engine.dispose()


app = Gtk.Application(application_id='org.aioguest.Database')
sys.exit(AioGuest.run(app, main=main))
