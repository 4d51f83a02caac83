# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ways to iterate the main context in the middle of something, until a Collected list has an item."""

import ctypes
import functools

from gi.repository import AioGuest, GLib

# The raw ones call GLib as a C library that iterates the main context does, with the interpreter
# lock released (CDLL) or held (PyDLL).


def run_main_loop(seen, length=1):
    main_loop = GLib.MainLoop()
    quit_at(seen, length, main_loop.quit)
    main_loop.run()
    seen.on_append = None


def quit_at(seen, length, quit_main_loop):
    assert len(seen) < length
    seen.on_append = lambda: quit_main_loop() if len(seen) >= length else None


def iterate(seen):
    context = GLib.MainContext.default()
    while not seen:
        context.iteration(True)


def run_raw_main_loop(library, seen):
    library.g_main_loop_new.restype = ctypes.c_void_p
    main_loop = ctypes.c_void_p(library.g_main_loop_new(None, False))
    quit_at(seen, 1, lambda: library.g_main_loop_quit(main_loop))
    library.g_main_loop_run(main_loop)
    seen.on_append = None
    library.g_main_loop_unref(main_loop)


def iterate_raw(library, seen):
    while not seen:
        library.g_main_context_iteration(None, True)


NESTS = {
    "MainLoop.run": run_main_loop,
    "MainContext.iteration": iterate,
    "g_main_loop_run": functools.partial(run_raw_main_loop, ctypes.CDLL("libglib-2.0.so.0")),
    "g_main_loop_run with the lock": functools.partial(
        run_raw_main_loop, ctypes.PyDLL("libglib-2.0.so.0")
    ),
    "g_main_context_iteration": functools.partial(iterate_raw, ctypes.CDLL("libglib-2.0.so.0")),
    "g_main_context_iteration with the lock": functools.partial(
        iterate_raw, ctypes.PyDLL("libglib-2.0.so.0")
    ),
    "wait": lambda seen: AioGuest.wait(seen.until()),
}
