# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shared by the tests: hosts, and what can be seen of a main context."""

import asyncio
import os
import threading
import time

import gi

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest, Gio, GLib  # noqa: E402

#: What is asked for of the tick: "native", "stock", or None.
TICK = os.environ.get("AIOGUEST_TICK")

#: Whether the tests also repeat what they have shown in another way: in each host, in fresh processes.
NIGHTLY = os.environ.get("AIOGUEST_NIGHTLY") == "1"

#: Seconds after which what must happen is said not to: far more than a busy machine takes. No test
#: waits so long unless it fails.
PATIENCE = 120


# Hosts.  `-X dev` turns asyncio's debug mode on, and with it the native tick
# off; so debug mode is off here unless a test asks for it.


def run_owning(coro, **options):
    """The thread is AioGuest.run()'s."""
    options.setdefault("debug", False)
    return AioGuest.run(coro, **options)


def collect(task):
    """Look at how it ended: an exception that nobody has seen is reported."""
    if not task.cancelled():
        task.exception()


def run_in_main_loop(coro, **options):
    """The thread is a GLib.MainLoop's."""
    options.setdefault("debug", False)
    main_loop = GLib.MainLoop(options.get("main_context"))
    # Nothing prevents the run from being over before the main loop runs, but
    # then quit() would be lost.
    finished = []

    def done(task):
        finished.append(task)
        collect(task)
        main_loop.quit()

    task = AioGuest.start(coro, done_callback=done, **options)
    if not finished:
        main_loop.run()
    assert finished == [task]
    return task.result()


def run_by_iteration(coro, **options):
    """The thread iterates the main context by hand."""
    options.setdefault("debug", False)
    context = options.get("main_context") or GLib.MainContext.default()
    finished = []

    def done(task):
        finished.append(task)
        collect(task)

    task = AioGuest.start(coro, done_callback=done, **options)
    while not finished:
        context.iteration(True)
    assert finished == [task]
    return task.result()


def in_host(function, *args):
    """Have a callback of the host call a function; a future of what comes of it."""
    future = asyncio.get_running_loop().create_future()

    def callback():
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)

    GLib.idle_add(callback)
    return future


HOSTS = {
    "run": run_owning,
    "main-loop": run_in_main_loop,
    "iteration": run_by_iteration,
}


def start(coro, **options):
    """AioGuest.start() without debug mode."""
    options.setdefault("debug", False)
    return AioGuest.start(coro, **options)


class Rescue:
    """Iterates a main context by turns, and gets out of one that hangs.

    A lost wake-up shows as a poll that lasts for ever; then a thread wakes the
    context, and the turn is counted as rescued.
    """

    def __init__(self, context=None):
        self.context = context or GLib.MainContext.default()
        self.rescued = False

    def _rescue(self):
        self.rescued = True
        self.context.wakeup()

    def turn(self):
        timer = threading.Timer(PATIENCE, self._rescue)
        timer.start()
        try:
            self.context.iteration(True)
        finally:
            timer.cancel()
            timer.join()
        assert not self.rescued, "the main context slept while there was work"

    def until(self, condition, turns=10_000):
        """Iterate until condition() is true; return the number of turns."""
        for count in range(turns):
            if condition():
                return count
            self.turn()
        raise AssertionError(f"not in {turns} turns")

    def settle(self):
        """Iterate until nothing is ready."""
        while self.context.iteration(False):
            pass


def unix_signal_add(*args):
    # The newer place, if PyGObject knows it; it warns of the older one then.
    try:
        gi.require_version("GLibUnix", "2.0")
        from gi.repository import GLibUnix

        add = GLibUnix.signal_add
    except (ValueError, AttributeError):
        add = GLib.unix_signal_add
    return add(*args)


# Sources.  GLib numbers the sources of a context; so a source of known age can
# be looked up by counting.


def source_mark(context=None):
    """A number that is below those of all sources attached from now on."""
    context = context or GLib.MainContext.default()
    source = GLib.Timeout(3_600_000)
    number = source.attach(context)
    source.destroy()
    return number


def sources_since(mark, context=None):
    """The names of our sources attached since then and not destroyed."""
    context = context or GLib.MainContext.default()
    found = []
    for number in range(mark + 1, source_mark(context)):
        source = context.find_source_by_id(number)
        if source is not None:
            name = source.get_name() or ""
            if name.startswith("[aioguest]"):
                found.append(name)
    return found


# The process.

#: Of the kernel's flags of a thread: it is on its way out (PF_EXITING).
EXITING = 0x4


def thread_names():
    """Of all threads but those on their way out: who joins one is told before it has left /proc."""
    names = []
    for thread in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{thread}/stat") as file:
                name, _, fields = file.read().partition("(")[2].rpartition(") ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if not int(fields.split()[6]) & EXITING:
            names.append(name)
    return names


def poller_threads():
    """How many threads of AioGuest.Poller there are."""
    return sum(name.startswith("aioguest") for name in thread_names())


def descriptors():
    return sorted(int(name) for name in os.listdir("/proc/self/fd"))


def threads():
    """How many threads there are: Python's, which before Python 3.13 have not quite ended when they are
    joined, and others, which have names of their own. Those of GLib's pools come and go as it likes."""
    with open("/proc/self/comm") as file:
        own = file.read().strip()
    others = [name for name in thread_names() if name != own and not name.startswith("pool-")]
    return threading.active_count() + len(others)


def _naps(thread):
    """How often a thread of the process has gone to sleep; None while it is not asleep.

    One that waits for the interpreter lock is not: to look lets go of that.
    """
    with open(f"/proc/self/task/{thread}/status") as file:
        status = dict(line.split(":", 1) for line in file)
    return status["voluntary_ctxt_switches"] if status["State"].lstrip()[0] == "S" else None


def when_asleep(function, *args):
    """Call it on a thread of its own, which is returned, as soon as the calling one is asleep."""
    sleeper = threading.get_native_id()

    def wait():
        before = None
        # Asleep at two looks with nothing in between.
        while before is None or before != _naps(sleeper):
            time.sleep(0.001)
            before = _naps(sleeper)
        function(*args)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


#: AddressSanitizer keeps for a while what was freed, so memory grows without a leak; and it takes a
#: switch of greenlets, which copies parts of the stack, for an overrun.
HAS_ASAN = "libasan" in os.environ.get("LD_PRELOAD", "")


def resident():
    """Resident memory in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def monotonic_ms():
    return time.monotonic() * 1000


def sleeper():
    """A process that ends when somebody has it end."""
    return Gio.Subprocess.new(["sleep", "3600"], Gio.SubprocessFlags.NONE)
