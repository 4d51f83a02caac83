# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""application_life.py KIND WAY LAUNCH ENDING [ARGUMENT...]: tells what happens in the life of an application.

In each place it says whether the loop is running there. A task that is created there, if so, has to get on. The ARGUMENTs
are the application's. With AIOGUEST_TEST_TRACE the lines go to that file.
"""

import asyncio
import os
import signal
import sys

import gi

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest, Gio, GLib  # noqa: E402

KIND, WAY, LAUNCH, ENDING = sys.argv[1:5]
ARGUMENTS = ["application_life", *sys.argv[5:]]
if LAUNCH == "open" and not sys.argv[5:]:
    ARGUMENTS.append("/dev/null")

#: These need a bus: there is one primary instance.
IS_UNIQUE = ENDING in ("second instance", "launched in the drain", "service")

TRACE = os.environ.get("AIOGUEST_TEST_TRACE")
trace = open(TRACE, "a", buffering=1) if TRACE else sys.stdout
pending = set()


def say(line):
    print(line, file=trace, flush=True)


def place(name):
    async def touch():
        await asyncio.sleep(0)
        pending.discard(name)

    coro = touch()
    try:
        AioGuest.spawn(coro)
        asyncio.get_running_loop()
    except RuntimeError:
        say(f"{name}: no loop")
    else:
        # What begins at ::shutdown is cancelled.
        if name != "::shutdown":
            pending.add(name)
        say(f"{name}: loop")


async def linger():
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.001)


async def main():
    global end_main
    say("main begins")
    end_main = asyncio.Event()
    # So that there is something to drain.
    AioGuest.spawn(linger(), eager=True)
    try:
        await end_main.wait()
        say("main returns")
    except asyncio.CancelledError:
        say("main is cancelled")
        raise
    finally:
        if ENDING == "launched in the drain":
            told = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, told.set)
            say("main waits")
            await told.wait()
        await asyncio.sleep(0.001)
        say("main has cleaned up")


def load_toolkit():
    if KIND == "plain":
        return Gio.Application, None
    gi.require_version("Gtk", "3.0" if KIND == "gtk3" else "4.0")
    from gi.repository import Gtk

    if KIND != "adw":
        return Gtk.Application, Gtk.ApplicationWindow
    gi.require_version("Adw", "1")
    from gi.repository import Adw

    return Adw.Application, Adw.ApplicationWindow


Base, Window = load_toolkit()


class Application(Base):
    def __init__(self):
        flags = Gio.ApplicationFlags.FLAGS_NONE
        if not IS_UNIQUE:
            flags |= Gio.ApplicationFlags.NON_UNIQUE
        if LAUNCH == "open":
            flags |= Gio.ApplicationFlags.HANDLES_OPEN
        elif LAUNCH == "command line":
            flags |= Gio.ApplicationFlags.HANDLES_COMMAND_LINE
        super().__init__(application_id="org.example.AioGuestLife", flags=flags)
        self.launches = 0
        self.has_acted = False
        self.window = None
        if ENDING == "inactivity":
            self.set_inactivity_timeout(100)
        self.connect("startup", lambda app: place("::startup"))
        self.connect("shutdown", lambda app: place("::shutdown"))
        action = Gio.SimpleAction(name="act")
        action.connect("activate", lambda action, parameter: place("action"))
        self.add_action(action)

    def do_handle_local_options(self, options):
        place("handle_local_options")
        return -1

    def do_startup(self):
        place("do_startup")
        Base.do_startup(self)
        if WAY == "start in startup":
            AioGuest.start(main(), application=self)

    def do_activate(self):
        self.launch("activate")

    def do_open(self, files, n_files, hint):
        self.launch("open")

    def do_command_line(self, command_line):
        self.launch("command line")
        return 0

    def do_shutdown(self):
        place("do_shutdown")
        Base.do_shutdown(self)

    def launch(self, name):
        self.launches += 1
        if WAY == "start in activate" and self.launches == 1:
            AioGuest.start(main(), application=self)
        place(name)
        if self.launches > 1:
            if self.window is not None:
                say(f"windows: {len(self.get_windows())}")
            then(self.quit)
            return
        if ENDING != "no window":
            self.open()
        if ENDING != "no window" or self.is_held_by_main():
            then(self.act)

    def act(self):
        self.has_acted = True
        self.activate_action("act", None)
        then(ENDINGS[ENDING], self)

    def open(self):
        """Open a window. Without a toolkit this is a hold, where there is no other."""
        if Window is not None:
            self.window = Window(application=self)
            self.window.present()
        elif not self.is_held_by_main():
            self.hold()

    def close(self):
        if Window is not None:
            self.window.destroy()
        elif not self.is_held_by_main():
            self.release()

    def is_held_by_main(self):
        return WAY not in ("run", "start alone") and ENDING != "service"


def then(function, *args):
    """Call it when all that is ready has been done."""
    GLib.idle_add(lambda: function(*args) and False, priority=GLib.PRIORITY_LOW)


def replace(app, *, closes_first):
    close_old = app.release if app.window is None else app.window.destroy
    if closes_first:
        close_old()
    app.open()
    if not closes_first:
        close_old()
    then(go_on, app.close)


def go_on(then_end):
    """See whether asyncio goes on, and end."""
    place("going on")
    then(then_end)


def hide(app):
    app.window.connect("hide", lambda window: then(go_on, app.quit))
    if KIND == "gtk3":
        app.window.connect("delete-event", lambda window, event: window.hide_on_delete())
    else:
        app.window.set_hide_on_close(True)
    app.window.close()


def hold(app):
    app.hold()
    app.close()
    then(go_on, app.release)


def save(app):
    async def work():
        await asyncio.sleep(0.01)
        say("saved")

    app.create_asyncio_task(work())
    app.close()


def be_inactive(app):
    app.close()
    then(place, "going on")


ENDINGS = {
    "last window": Application.close,
    "close first": lambda app: replace(app, closes_first=True),
    "open first": lambda app: replace(app, closes_first=False),
    "hidden": hide,
    "own hold": hold,
    "create_asyncio_task": save,
    "no window": lambda app: end_main.set(),
    "inactivity": be_inactive,
    "second activation": lambda app: app.activate(),
    "second instance": lambda app: say("waits"),
    "launched in the drain": lambda app: app.quit(),
    "service": Application.close,
    "registered": lambda app: app.quit(),
    "quit": lambda app: app.quit(),
    "SIGTERM": lambda app: signal.raise_signal(signal.SIGTERM),
    "SIGINT": lambda app: signal.raise_signal(signal.SIGINT),
    "run twice": lambda app: app.quit(),
}


def run(app):
    if WAY == "run with main":
        return AioGuest.run(app, ARGUMENTS, main=main)
    if WAY == "run":
        return AioGuest.run(app, ARGUMENTS)
    if WAY == "start early":
        AioGuest.start(main(), application=app)
    elif WAY == "start alone":
        AioGuest.start(main())
    return app.run(ARGUMENTS)


app = Application()
if ENDING == "registered":
    app.register()
status = run(app)
# Where the main loop has not gone round they have had no time.
say(f"status {status}, tasks left: {sorted(pending) if app.has_acted else []}")
if ENDING == "run twice":
    try:
        run(app)
    except RuntimeError:
        say("refused")
sys.exit(status)
