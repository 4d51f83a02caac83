# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""forked_inside.py HOST WHERE:WHAT...: a run's own code forks; the child does one of several things.

One fork after the other, in the same run. A line "== WHERE:WHAT", on standard output and standard error, comes
before what belongs to a fork, and "== end" before what belongs to the end of the run.
"""

import asyncio
import atexit
import concurrent.futures
import multiprocessing
import os
import signal
import sys
import threading

from hosts import AioGuest, Gio, GLib
from others import let_others_sleep

HOST, *FORKS = sys.argv[1:]
PARENT = os.getpid()
#: Seconds: far more than a slow build on a busy machine takes.
PATIENCE = 100


def tell(*words):
    who = "parent" if os.getpid() == PARENT else "child"
    os.write(1, (" ".join(map(str, (who, *words))) + "\n").encode())


atexit.register(tell, "atexit")


# What the child does. One that returns goes back to where it has come from.


def exits():
    sys.exit(3)


def exits_in_another_python():
    """One whose modules have no such private functions."""
    vars(threading).pop("_shutdown", None)
    vars(atexit).pop("_run_exitfuncs", None)
    sys.exit(3)


def exits_with_text():
    sys.exit("farewell")


def os_exits():
    os._exit(3)


def executes():
    os.execv("/bin/sh", ["/bin/sh", "-c", "exit 3"])


def is_interrupted():
    """The handler is what it would be without the run: PyGObject's, if a function of its runs."""
    signal.raise_signal(signal.SIGINT)


def interrupts():
    raise KeyboardInterrupt


def returns():
    print("child printed")


def returns_to_host():
    """The host's main loop goes on; where it is run() that iterates it, run() raises."""
    GLib.idle_add(os._exit, 3)


def raises():
    raise LookupError("in the child")


def raises_untold():
    """Those who are to tell of it fail, too."""

    def fail(*args):
        raise KeyboardInterrupt("untold") from None

    asyncio_loop.set_exception_handler(fail)
    sys.excepthook = fail
    raises()


def schedules():
    """The copy of the loop takes what it is given, and does nothing."""
    asyncio_loop.call_soon(tell, "callback")
    asyncio_loop.call_later(0, tell, "timer")
    asyncio_loop.create_task(sleep_and_tell())
    asyncio_loop.stop()


def awaits():
    """Its step does: see fork_and_go_on()."""


def waits():
    """There is nobody to wait for in the child."""
    try:
        AioGuest.wait(event.wait())
    except RuntimeError as error:
        assert "no guest run" in str(error)
        sys.exit(3)


def nests():
    """A main loop in the child, with callbacks of the host's."""
    main_loop = GLib.MainLoop()
    GLib.idle_add(lambda: GLib.idle_add(main_loop.quit) and False)
    main_loop.run()
    sys.exit(3)


def forks_again():
    """A grandchild, and the child ends as it would have before."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    sys.exit(3)


def runs_asyncio():
    sys.exit(asyncio.run(asyncio.sleep(0.001, 3)))


def runs_aioguest():
    sys.exit(AioGuest.run(asyncio.sleep(0.001, 3), main_context=GLib.MainContext()))


async def sleep_and_tell():
    await asyncio.sleep(0)
    tell("task")


def fork():
    let_others_sleep()
    asyncio_loop.call_soon(tell, "next callback")
    pid = os.fork()
    if pid == 0:
        # Ended by it, and not by the test, if it hangs.
        signal.alarm(PATIENCE)
        globals()[what]()
    else:
        tell("saw", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


# Where it forks. Each returns an awaitable that is done when it has.


async def fork_and_go_on():
    fork()
    if what == "awaits" and os.getpid() != PARENT:
        try:
            await asyncio_loop.create_future()
        finally:
            tell("step cleaned up")


def in_step():
    return asyncio_loop.create_task(fork_and_go_on())


def in_last_step():
    """Nothing else is in the round."""
    future = asyncio_loop.create_future()

    async def step():
        await asyncio.sleep(0.001)
        await fork_and_go_on()
        future.set_result(None)

    tasks.append(asyncio_loop.create_task(step()))
    return future


def in_eager_task():
    """The first step of a task that is begun inside the step of another one."""

    async def step():
        AioGuest.spawn(fork_and_go_on(), eager=True)
        if os.getpid() != PARENT:
            tell("has gone on")

    return asyncio_loop.create_task(step())


def in_eager_step():
    """Of a task that a callback of the host has started."""
    future = asyncio_loop.create_future()

    async def step():
        await fork_and_go_on()
        future.set_result(None)

    GLib.idle_add(lambda: AioGuest.spawn(step(), eager=True) and False)
    return future


def in_callback():
    future = asyncio_loop.create_future()

    def callback():
        # The parent goes on in any case.
        asyncio_loop.call_soon(future.set_result, None)
        fork()

    asyncio_loop.call_soon(callback)
    return future


def call_idly(function):
    """Have the host call it: in the run's main context, whichever that is."""
    source = GLib.idle_source_new()
    # Newer PyGObjects pass no data if there is none.
    source.set_callback(lambda *data: function() and False)
    source.attach(AioGuest.get_run().get_main_context())


def in_host():
    future = asyncio_loop.create_future()

    def callback():
        fork()
        future.set_result(None)

    GLib.idle_add(callback)
    return future


def in_handler():
    future = asyncio_loop.create_future()

    @AioGuest.handler
    async def on_activate(action, parameter):
        await fork_and_go_on()
        future.set_result(None)

    action = Gio.SimpleAction(name="fork")
    action.connect("activate", on_activate)
    call_idly(action.activate)
    return future


async def wait_for(function):
    AioGuest.wait(function())


def in_wait():
    """In a task that goes on while another one's step waits."""
    return asyncio_loop.create_task(wait_for(in_step))


def in_host_in_wait():
    return asyncio_loop.create_task(wait_for(in_host))


async def nest(function):
    """A main loop nested in a step, of which nobody tells."""
    main_loop = GLib.MainLoop(AioGuest.get_run().get_main_context())
    function().add_done_callback(lambda future: main_loop.quit())
    main_loop.run()


def in_host_in_step():
    return asyncio_loop.create_task(nest(in_host))


def in_nested_step():
    return asyncio_loop.create_task(nest(in_step))


async def in_main():
    await fork_and_go_on()


def run_target(status):
    asyncio.run(asyncio.sleep(0.001))
    if what == "raises":
        raise LookupError("in the child")
    sys.exit(status)


async def in_multiprocessing():
    let_others_sleep()
    process = multiprocessing.get_context("fork").Process(target=run_target, args=(3,))
    process.start()
    with concurrent.futures.ThreadPoolExecutor() as executor:
        await asyncio_loop.run_in_executor(executor, process.join)
    tell("saw", process.exitcode)


async def clean_up_later(name):
    try:
        await event.wait()
    finally:
        tell(name, "cleaned up")


def begin_section(name):
    for descriptor in (1, 2):
        os.write(descriptor, f"== {name}\n".encode())


async def fork_as_told(name):
    global what
    begin_section(name)
    where, what = name.split(":")
    over = globals()[where]()
    asyncio_loop.call_soon(tell, "same round")
    await over
    await asyncio.sleep(0.001)
    tell("goes on")


async def main():
    global asyncio_loop, event, tasks
    asyncio_loop = asyncio.get_running_loop()
    asyncio_loop.slow_callback_duration = PATIENCE
    # Nobody but this module knows of the event, and so of the tasks.
    event = asyncio.Event()
    tasks = [asyncio_loop.create_task(clean_up_later("other"))]
    await asyncio.sleep(0)
    try:
        for name in FORKS:
            await fork_as_told(name)
    finally:
        if os.getpid() == PARENT:
            begin_section("end")
        tell("main cleaned up")


def start():
    main_loop = GLib.MainLoop()
    AioGuest.start(main(), done_callback=lambda task: main_loop.quit(), debug=False)
    main_loop.run()


def run():
    try:
        AioGuest.run(main(), debug=False)
    except RuntimeError as error:
        assert os.getpid() != PARENT and "forked" in str(error), error
        os._exit(3)


def runner():
    """Has a loop, and no main task of ours."""
    with asyncio.Runner(loop_factory=AioGuest.EventLoop) as runner:
        runner.run(main())


def thread():
    thread = threading.Thread(
        target=AioGuest.run, args=(main(),), kwargs={"main_context": GLib.MainContext()}
    )
    thread.start()
    thread.join()


def thread_of_a_child():
    """Of a process that was forked before, when it had no run, from its main thread."""
    global PARENT
    pid = os.fork()
    if pid != 0:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    PARENT = os.getpid()
    thread()


def stock():
    AioGuest.run(main(), loop_factory=asyncio.SelectorEventLoop, debug=False)


def debug():
    AioGuest.run(main(), debug=True)


def application():
    app = Gio.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
    AioGuest.run(app, main=main, debug=False)


globals()[HOST]()
