# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""life.py HOST STATE EVENT: a main task meets an event in a state of its life, and all that follows is told.

What would go on for ever is helped along, by callbacks of the host that come when nothing else is to be done: first
the state is left, then the main task is told to return, then the host is told to end.
"""

import asyncio
import atexit
import os
import signal
import sys
import threading

from hosts import HOSTS, OPTIONS, AioGuest, Gio, GLib, get_main_loop

HOST, STATE, EVENT = sys.argv[1:]

#: Idle callbacks of the host in which nothing more happens: all that needs no help has come to its end.
REST = 20

tasks = []
gate = asyncio.Event()  # the state is left
finish = asyncio.Event()  # the main task returns
failure = []  # what it raises instead
nested_loops = []


def tell(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def where():
    return "in the loop" if asyncio._get_running_loop() is not None else "outside"


# Events

def start_another():
    async def other():
        tell("the second session runs")

    try:
        AioGuest.start(other())
    except RuntimeError as error:
        tell("refused:", error)


def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(5)
    tell("the child has ended with", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def quit_host():
    if HOST in ("main-loop", "own-context", "thread"):
        host_loops[-1].quit() if host_loops else get_main_loop().quit()
    elif HOST == "run":
        tell("nobody quits")
    else:
        Gio.Application.get_default().quit()


def close_last_window():
    window, = Gio.Application.get_default().get_windows()
    # At once with each GTK: close() of GTK 3 comes to it later.
    window.destroy()


def raise_in_main():
    failure.append(LookupError("from main"))
    finish.set()


def raise_in_callback():
    asyncio.get_running_loop().call_soon(sys.exit, 7)


def get_main():
    """The main task, which may not have begun; None if it was not made yet."""
    return tasks[0] if tasks else next(iter(asyncio.all_tasks()), None)


def cancel():
    task = get_main()
    tell("cancel() says", None if task is None else task.cancel())


EVENTS = {
    "main returns": finish.set,
    "main raises": raise_in_main,
    "main is cancelled": cancel,
    "main swallows it": cancel,
    "the host quits": quit_host,
    "last window": close_last_window,
    "SIGINT": lambda: signal.raise_signal(signal.SIGINT),
    "SIGTERM": lambda: signal.raise_signal(signal.SIGTERM),
    "loop.stop()": lambda: asyncio.get_running_loop().stop(),
    "sys.exit() in a callback": raise_in_callback,
    "fork": fork,
    "second session": start_another,
}


def happen():
    tell("event", where())
    EVENTS[EVENT]()
    rest(REST)
    return GLib.SOURCE_REMOVE


# Help

def leave_state():
    tell("help: the state is left")
    gate.set()
    for loop in nested_loops:
        loop.quit()


def end_main():
    tell("help: the main task returns")
    finish.set()


def end_host():
    tell("help: the host ends")
    quit_host()


def give_up():
    tell("help is in vain")
    os._exit(99)


helpers = iter([leave_state, end_main, end_host, give_up])


def is_at_its_end():
    """Of an application: it only waits until no callback is left."""
    application = Gio.Application.get_default()
    return application is not None and not application.get_is_registered()


def rest(count):
    def count_down():
        nonlocal count
        if is_at_its_end():
            return GLib.SOURCE_REMOVE
        count -= 1
        if count > 0:
            return GLib.SOURCE_CONTINUE
        next(helpers)()
        rest(REST)
        return GLib.SOURCE_REMOVE

    # Attached to the context of the host, which need not be the default one.
    source = GLib.idle_source_new()
    source.set_callback(lambda *args: count_down())
    source.attach(context)


def from_host(function, priority=GLib.PRIORITY_DEFAULT_IDLE):
    source = GLib.idle_source_new()
    source.set_priority(priority)
    source.set_callback(lambda *args: function())
    source.attach(context)


# States

async def begun():
    await gate.wait()


async def running():
    from_host(happen)
    await gate.wait()


async def in_a_step():
    happen()
    await gate.wait()


async def nested():
    from_host(happen)
    loop = GLib.MainLoop.new(context, False)
    nested_loops.append(loop)
    try:
        loop.run()
    finally:
        nested_loops.remove(loop)
        tell("the nested loop is over")


async def waiting():
    from_host(happen)
    try:
        AioGuest.wait(gate.wait())
    finally:
        tell("the wait is over")


async def draining():
    finish.set()


STATES = {
    "begun": begun,
    "running": running,
    "in a step": in_a_step,
    "nested": nested,
    "waiting": waiting,
    "draining": draining,
    "last round": draining,
}


async def generate():
    try:
        yield
    finally:
        if STATE == "last round":
            from_host(happen)
            await gate.wait()
        tell("the generator is closed")


async def child():
    try:
        await asyncio.Event().wait()
    finally:
        if STATE == "draining":
            from_host(happen)
            await gate.wait()
        tell("the child is done")


async def main():
    tasks.append(asyncio.current_task())
    tell("main begins")
    tasks.append(asyncio.create_task(child()))
    generator = generate()
    await anext(generator)
    await asyncio.sleep(0)
    try:
        await STATES[STATE]()
        await finish.wait()
        if failure:
            raise failure[0]
    except asyncio.CancelledError:
        tell("main is cancelled")
        if EVENT != "main swallows it":
            raise
        await finish.wait()
    finally:
        tell("main is done")
        tasks.append(generator)


# Hosts

host_loops = []


def own_context(main):
    """A main context that is gone when its main loop has returned."""
    loop = GLib.MainLoop.new(context, False)
    host_loops.append(loop)
    context.push_thread_default()
    AioGuest.start(main(), done_callback=lambda task: loop.quit(), main_context=context, **OPTIONS)
    loop.run()
    context.pop_thread_default()


def thread(main):
    """The same in a thread, which ends then."""
    thread = threading.Thread(target=own_context, args=[main])
    thread.start()
    thread.join()


OWN = {"own-context": own_context, "thread": thread}

context = GLib.MainContext() if HOST in OWN else GLib.MainContext.default()


def tell_end():
    tell("the loop is closed:", not tasks or tasks[0].get_loop().is_closed())


atexit.register(tell_end)

if STATE == "begun":
    from_host(happen, priority=GLib.PRIORITY_HIGH)
try:
    (OWN | HOSTS)[HOST](main)
except BaseException as error:
    tell("raised", repr(error))
    raise
finally:
    tell("the host is over")
    nested_loops.clear()
    context = None
