# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ways to iterate the main context in the middle of something, until something has been seen."""

import asyncio
import ctypes
import functools

from gi.repository import AioGuest, GLib

# The raw ones call GLib as a C library that iterates the main context does, with the interpreter
# lock released (CDLL) or held (PyDLL).


def run_main_loop(seen):
    main_loop = GLib.MainLoop()
    watch = GLib.timeout_add(1, lambda: (main_loop.quit() if seen else None) or True)
    main_loop.run()
    GLib.source_remove(watch)


def iterate(seen):
    context = GLib.MainContext.default()
    while not seen:
        context.iteration(True)


def run_raw_main_loop(library, seen):
    library.g_main_loop_new.restype = ctypes.c_void_p
    main_loop = ctypes.c_void_p(library.g_main_loop_new(None, False))

    def quit_when_seen():
        if seen:
            library.g_main_loop_quit(main_loop)
        return GLib.SOURCE_CONTINUE

    watch = GLib.timeout_add(1, quit_when_seen)
    library.g_main_loop_run(main_loop)
    GLib.source_remove(watch)
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
    "wait": lambda seen: AioGuest.wait(until(seen)),
}


async def until(seen):
    while not seen:
        await asyncio.sleep(0.001)
