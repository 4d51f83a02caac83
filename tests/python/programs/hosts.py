# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hosts for the programs: each runs a main task, and ends as a program of its kind does.

What cleans up is given all the time that a busy machine may take for it, unless a program says
otherwise.
"""

import ctypes
import os
import sys

import gi

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest, Gio, GLib  # noqa: E402


#: With one the application is GTK's, of this version, and has a window.
GTK = os.environ.get("AIOGUEST_TEST_GTK")

OPTIONS = {"debug": False, "shutdown_timeout": 3600}


class LeapingLoop(AioGuest.EventLoop):
    """Time passes at once when it is told to: it can be waited for without knowing for how long."""

    _leapt = 0

    def time(self):
        return super().time() + self._leapt

    def leap(self, seconds):
        self._leapt += seconds


def application():
    options = {
        "application_id": "org.example.AioGuest", "flags": Gio.ApplicationFlags.NON_UNIQUE
    }
    if GTK is None:
        return Gio.Application(**options)

    gi.require_version("Gtk", GTK)
    from gi.repository import Gtk

    app = Gtk.Application(**options)
    app.connect("activate", lambda app: Gtk.ApplicationWindow(application=app).present())
    return app


def run(main, **options):
    """AioGuest.run(main())"""
    AioGuest.run(main(), **OPTIONS | options)


def run_application(main, **options):
    """AioGuest.run(app, main=main)"""
    sys.exit(AioGuest.run(application(), main=main, **OPTIONS | options))


def start_in_application(main, **options):
    """start(application=app) in ::activate"""
    app = application()
    options = OPTIONS | options
    app.connect("activate", lambda app: AioGuest.start(main(), application=app, **options))
    sys.exit(app.run([]))


def start_before_application(main, **options):
    """start(), and then the run() of an application that knows nothing of it"""
    app = application()
    app.connect("activate", lambda app: None)
    app.hold()
    AioGuest.start(main(), done_callback=lambda task: app.release(), **OPTIONS | options)
    sys.exit(app.run([]))


_main_loops = []


def get_main_loop():
    """The GLib.MainLoop that is running, of the host "main-loop"."""
    return _main_loops[-1]


def main_loop(main, **options):
    """start(), and then the run() of a GLib.MainLoop"""
    loop = GLib.MainLoop()
    _main_loops.append(loop)
    AioGuest.start(main(), done_callback=lambda task: loop.quit(), **OPTIONS | options)
    loop.run()


def c_main_loop(main, **options):
    """start(), and then g_main_loop_run(), which PyGObject knows nothing of"""
    glib = ctypes.CDLL("libglib-2.0.so.0")
    glib.g_main_loop_new.restype = ctypes.c_void_p
    for function in (glib.g_main_loop_run, glib.g_main_loop_quit, glib.g_main_loop_unref):
        function.argtypes = [ctypes.c_void_p]
    loop = glib.g_main_loop_new(None, False)
    AioGuest.start(main(), done_callback=lambda task: glib.g_main_loop_quit(loop), **OPTIONS | options)
    glib.g_main_loop_run(loop)
    glib.g_main_loop_unref(loop)


HOSTS = {
    "run": run,
    "run-application": run_application,
    "start-in-application": start_in_application,
    "start-before-application": start_before_application,
    "main-loop": main_loop,
    "c-main-loop": c_main_loop,
}
