# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""host_goes_on.py HOW: a main loop goes on when a run has ended in it, until Ctrl-C ends it, too.

Afterwards the signal has the handler that it had before.
"""

import asyncio
import signal
import sys

from hosts import OPTIONS, AioGuest, GLib

context = GLib.MainContext.default()
go_on = asyncio.Event()


async def main():
    print("ready")
    try:
        await go_on.wait()
    except asyncio.CancelledError:
        print("swallowed")


def start():
    AioGuest.start(main(), done_callback=lambda task: print("run over"), **OPTIONS)


def main_task_returns():
    go_on.set()
    main_task_swallows_it()


def main_task_swallows_it():
    start()
    GLib.MainLoop().run()


def run_begins_before_main_loop():
    start()
    # As a program does that shows a splash screen.
    while context.iteration(False):
        pass
    GLib.idle_add(go_on.set)
    GLib.MainLoop().run()


def second_run_begins_in_that_main_loop():
    async def first():
        pass

    AioGuest.start(first(), done_callback=lambda task: GLib.idle_add(start), **OPTIONS)
    context.iteration(False)
    GLib.timeout_add(1, lambda: go_on.set() or GLib.SOURCE_CONTINUE)
    GLib.MainLoop().run()


def run_spans_two_main_loops():
    first = GLib.MainLoop()
    start()
    GLib.idle_add(first.quit)
    first.run()
    GLib.idle_add(go_on.set)
    GLib.MainLoop().run()


def nest():
    GLib.idle_add(go_on.set)
    GLib.MainLoop().run()


def nested_loop_outlasts_run():
    GLib.idle_add(nest)
    AioGuest.run(main(), done_callback=lambda task: print("run over"), **OPTIONS)


def nested_loop_outlasts_run_in_main_loop():
    GLib.idle_add(nest)
    main_task_swallows_it()


try:
    globals()[sys.argv[1]]()
except KeyboardInterrupt:
    print("KeyboardInterrupt")
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
