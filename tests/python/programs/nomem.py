# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""nomem.py OPERATION FIRST STEP [LAST]: an operation while Python gets no memory, once.

In a forked child each, the FIRST allocation of the operation fails, the one STEP later, and so on
until the operation needs no more of them (or up to LAST). Whatever comes of it, the loop goes on, or
ends with a MemoryError, and what was asked for is done; then there is another run, undisturbed.

Prints a line for each kind of outcome, with their number, and what was wrong.
"""

import asyncio
import collections
import contextlib
import faulthandler
import gc
import os
import re
import signal
import socket
import sys
import tempfile
import traceback

import _testcapi
import gi

gi.require_version("AioGuest", "1.0")

from gi.repository import AioGuest, Gio, GLib, GObject  # noqa: E402

#: Seconds after which an attempt shows its stack, and ends.
PATIENCE = 120

#: What asyncio has lost does not end when it is cancelled, either.
OPTIONS = {"debug": False, "shutdown_timeout": 0.1}


#: CPython 3.13 goes on with a task that it had no memory to make the current one, under asyncio.run(),
#: too. The next await notices, and then it crashes.
FAULTS_OF_CPYTHON = (
    "<class 'StopIteration'> returned a result with an exception set",
    "error return without exception set",
)


class FaultOfCPython(Exception):
    pass


class Fault:
    """The allocation that fails: the *nth* one after :meth:`strike`."""

    def __init__(self, nth):
        self.nth = nth
        self.struck = False
        self.refused = False  # by an exception, right there
        self._is_on = False

    def strike(self):
        self._is_on = True
        _testcapi.set_nomemory(self.nth - 1, self.nth)

    def __enter__(self):
        self.strike()

    def __exit__(self, *exc_info):
        self.end()
        self.refused = exc_info[0] is MemoryError
        if self.refused:
            # Shown only if something turns out to be wrong.
            traceback.print_exception(*exc_info)
        return self.refused

    def end(self):
        """No more of it; notes whether it was met. More than once does no harm."""
        if self._is_on:
            self._is_on = False
            self.struck = not self._is_pending()
            _testcapi.remove_mem_hooks()

    def _is_pending(self):
        try:
            # A new object each.
            for _ in [None] * (self.nth + 1):
                bytes(1000)
        except MemoryError:
            return True
        return False


OPERATIONS = {}

#: Of callbacks.
NAMES = [
    *range(200), *((kind, i) for kind in ("read", "write") for i in range(3)),
    "soon", "never", "after", "signal", "cancelled",
]


def operation(function):
    OPERATIONS[function.__name__] = function
    return function


class Attempt:
    """What an operation has to do with: the fault, and the callbacks that must have been run."""

    def __init__(self, fault):
        self.fault = fault
        self.reported = []
        self.expected = []
        self.expected_of_tasks = []
        # Counting needs no memory then.
        self.called = dict.fromkeys(NAMES, 0)
        self.lost = False

    def call(self, name):
        self.called[name] += 1

    def expect(self, name):
        """The loop has accepted a callback that does ``call(name)``."""
        self.expected.append(name)

    def expect_of_task(self, name):
        """The same of a task, whose steps asyncio loses for want of memory, with a report."""
        self.expected_of_tasks.append(name)

    def see(self, name):
        """For callbacks that may be called more than once."""
        self.called[name] = 1

    def report(self, loop, context):
        self.reported.append(context.get("exception") or context["message"])

    def report_unraisable(self, unraisable):
        self.reported.append(unraisable.exc_value or unraisable.exc_type)

    async def main(self, operate):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self.report)
        await asyncio.sleep(0)
        operating = loop.create_task(operate(self, loop))
        while not operating.done() and not (self.reported and has_nothing_to_do(loop)):
            await asyncio.wait({operating}, timeout=0.1)
        self.fault.end()
        if operating.done():
            operating.result()
        else:
            # asyncio's own: a task whose next step there was no memory to ask for is never heard
            # of again, but for that report.
            self.lost = True
            operating._log_destroy_pending = False
        # It goes on.
        later = loop.create_future()
        loop.call_soon(self.call, "soon")
        loop.call_later(0.001, later.set_result, None)
        await later
        assert self.called["soon"]
        return "result"


def has_nothing_to_do(loop):
    """Whether nothing is ready, nor will be soon: what is not done then has been lost."""
    soon = loop.time() + 50
    timers = (timer for timer in loop._scheduled if timer.when() < soon)
    return all(handle.cancelled() for handle in (*loop._ready, *timers))


def check_error(error):
    """Of a callback or a finalizer, or raised: is it for want of memory?"""
    if error is MemoryError or isinstance(error, MemoryError):
        return
    if isinstance(error, str):
        # Of a task that could not be made; said so by asyncio.create_task(), too.
        assert error == "Task was destroyed but it is pending!", error
        return
    # Of what C code raises outside of any Python frame there is no traceback.
    frames = traceback.extract_tb(error.__traceback__)
    library = os.path.dirname(os.__file__) + os.sep
    in_library = bool(frames) and frames[-1].filename.startswith(library)
    # What CPython raises in its own library, which calls none of our C code: for want of memory for
    # the exception proper (3.11), or in the place of a MemoryError, of weakref.ref() (3.12).
    faults = ("without", "returned a result with an exception set")
    if isinstance(error, SystemError) and in_library and any(text in str(error) for text in faults):
        return
    # At an await in a coroutine, which calls nothing of ours.
    at_await = bool(frames) and (frames[-1].line or "").startswith("await ")
    if isinstance(error, SystemError) and at_await and str(error) in FAULTS_OF_CPYTHON:
        raise FaultOfCPython(str(error))
    # asyncio's finalizer of a loop can't bear one that was never made.
    if isinstance(error, AttributeError) and in_library and "object has no attribute" in str(error):
        return
    # asyncio refuses a task that it had no memory to register, but has asked for its first step;
    # its coroutine has been closed by then.
    if isinstance(error, RuntimeError) and str(error) == "cannot reuse already awaited coroutine":
        return
    # Tasks are cancelled when a run ends, but there was no memory to await them.
    if isinstance(error, RuntimeError) and str(error) == "coroutine ignored GeneratorExit":
        return
    # loop.close() of asyncio's does not go on where it had no memory.
    if isinstance(error, ResourceWarning) and str(error).startswith("unclosed "):
        return
    # Such a task, when the run ends.
    if isinstance(error, ResourceWarning) and "gave up" in str(error):
        return
    if isinstance(error, RuntimeWarning) and "was never awaited" in str(error):
        return
    raise AssertionError(f"not for want of memory: {error!r}") from error


def attempt(operate, nth):
    fault = Fault(nth)
    this = Attempt(fault)
    sys.unraisablehook = this.report_unraisable
    mark = own_sources()
    outcome = "done"

    try:
        if operate in (start, wake, shut_down, drain, end):
            operate(this, None)
        else:
            assert AioGuest.run(this.main(operate), **OPTIONS) == "result"
    except (MemoryError, SystemError) as error:
        # Shown only if something turns out to be wrong.
        traceback.print_exc()
        check_error(error)
        outcome = "MemoryError"
    finally:
        fault.end()

    gc.collect()
    if outcome == "done" and fault.refused:
        outcome = "refused"
    if outcome == "done" and this.reported:
        outcome = "task lost" if this.lost else "reported"
    for error in this.reported:
        check_error(error)
    if not this.reported:
        this.expected += this.expected_of_tasks
    missing = [name for name in this.expected if this.called[name] == 0]
    twice = [name for name, times in this.called.items() if times > 1]
    # A run that has ended early has not waited for what was to be ready later.
    assert not missing or outcome == "MemoryError", f"lost: {missing}, {outcome}"
    assert not twice, f"called twice: {twice}, {outcome}"

    # Nothing is left, and the next run is like any other.
    assert asyncio._get_running_loop() is None
    again = Attempt(Fault(0))
    assert AioGuest.run(again.main(operate_not), **OPTIONS) == "result"
    gc.collect()
    assert own_sources() == mark, (mark, own_sources())
    assert not again.reported, again.reported
    return (outcome if fault.struck else None)


def own_sources():
    """How many sources of ours are attached."""
    context = GLib.MainContext.default()
    source = GLib.Timeout(3_600_000)
    last = source.attach(context)
    source.destroy()
    found = (context.find_source_by_id(number) for number in range(1, last))
    return sum(
        (source.get_name() or "").startswith("[aioguest]") for source in found if source is not None
    )


async def operate_not(this, loop):
    pass


# The operations. They do what they do with the fault on, or around a tick that has it on. Not here:
# AioGuest.describe() and getters of Run, in which PyGObject 3.42 crashes by itself.


@operation
async def call_soon(this, loop):
    with this.fault:
        loop.call_soon(this.call, 1)
        this.expect(1)
        loop.call_soon(this.call, 2)
        this.expect(2)


@operation
async def call_soon_threadsafe(this, loop):
    with this.fault:
        loop.call_soon_threadsafe(this.call, 1)
        this.expect(1)
        loop.call_soon_threadsafe(this.call, 2)
        this.expect(2)


@operation
async def call_later(this, loop):
    with this.fault:
        loop.call_later(0.001, this.call, 1)
        this.expect(1)
        loop.call_at(loop.time() + 0.0005, this.call, 2)
        this.expect(2)
    await asyncio.sleep(0.002)


@operation
async def cancel_timers(this, loop):
    """So many that asyncio makes its list anew in the next round."""
    timers = [loop.call_later(100, this.call, "never") for _ in range(200)]
    loop.call_later(0.001, this.call, 1)
    this.expect(1)
    with this.fault:
        while timers:
            timers.pop().cancel()
    while timers:
        timers.pop().cancel()
    await asyncio.sleep(0.002)
    assert not this.called["never"]


@operation
async def drop_cancelled(this, loop):
    """The round that makes the list anew, and the next ones."""
    for timer in [loop.call_later(100, this.call, "never") for _ in range(200)]:
        timer.cancel()
    for i in range(20):
        loop.call_later(0.001 + i * 1e-6, this.call, i)
        this.expect(i)
    await round_with_fault(this, loop)
    await asyncio.sleep(0.002)
    assert not this.called["never"]


async def round_with_fault(this, loop):
    """Have the fault on from the end of one round to the middle of the next."""
    loop.call_soon(this.fault.strike)
    await asyncio.sleep(0)
    loop.call_soon(this.fault.end)
    await asyncio.sleep(0)
    this.fault.end()


@operation
async def ready_handles(this, loop):
    loop.call_soon(this.fault.strike)
    for i in range(10):
        loop.call_soon(this.call, i)
        this.expect(i)
    await asyncio.sleep(0)
    loop.call_soon(this.fault.end)
    await asyncio.sleep(0)


@operation
async def due_timers(this, loop):
    """Many that are due in one round: the queue needs room."""
    now = loop.time()
    for i in range(150):
        loop.call_at(now + i * 1e-9, this.call, i)
        this.expect(i)
    await round_with_fault(this, loop)
    await asyncio.sleep(0.002)


@operation
async def failing_callbacks(this, loop):
    """Exceptions of callbacks are reported, or what the report lacks is."""
    def fail():
        raise MemoryError

    loop.call_soon(this.fault.strike)
    for _ in range(3):
        loop.call_soon(fail)
    loop.call_soon(this.call, 1)
    this.expect(1)
    loop.call_soon(this.fault.end)
    await asyncio.sleep(0)
    assert this.reported


@contextlib.contextmanager
def socket_pairs(count):
    pairs = [socket.socketpair() for _ in range(count)]
    try:
        yield pairs
    finally:
        for pair in pairs:
            for end in pair:
                end.close()


@operation
async def events(this, loop):
    """Descriptors beyond the small numbers of which Python has objects already."""
    fillers = [os.dup(0) for _ in range(300)]
    with socket_pairs(3) as pairs:
        def receive(i):
            this.see(("read", i))
            pairs[i][0].recv(1)

        def writable(i):
            this.see(("write", i))
            loop.remove_writer(pairs[i][0])

        for i in range(3):
            loop.add_reader(pairs[i][0], receive, i)
            loop.add_writer(pairs[i][0], writable, i)
            pairs[i][1].send(b"x")
            this.expect(("read", i))
            this.expect(("write", i))
        try:
            await round_with_fault(this, loop)
            while not all(this.called[name] for name in this.expected):
                await asyncio.sleep(0)
        finally:
            for i in range(3):
                loop.remove_reader(pairs[i][0])
                loop.remove_writer(pairs[i][0])
    for fd in fillers:
        os.close(fd)


@operation
async def add_reader(this, loop):
    """Refused or done: if done, it tells of what is readable."""
    with socket_pairs(2) as pairs:
        accepted = []
        with this.fault:
            for i in range(2):
                loop.add_reader(pairs[i][0], pairs[i][0].recv, 1)
                accepted.append(i)
                loop.remove_reader(pairs[i][0])
                loop.add_reader(pairs[i][0], pairs[i][0].recv, 1)
        for i in accepted:
            pairs[i][1].send(b"x")
            loop.remove_reader(pairs[i][0])
            loop.add_reader(pairs[i][0], this.call, i)
            this.expect(i)
            while not this.called[i]:
                await asyncio.sleep(0)
            loop.remove_reader(pairs[i][0])
        for pair in pairs:
            loop.remove_reader(pair[0])


@operation
async def sleep(this, loop):
    with this.fault:
        await asyncio.sleep(0)
        await asyncio.sleep(0.0005)
        await asyncio.sleep(0)


@operation
async def wait(this, loop):
    async def inner():
        await asyncio.sleep(0)
        await asyncio.sleep(0.0005)
        return "inner"

    with this.fault:
        assert AioGuest.wait(inner(), timeout=3600) == "inner"
    assert asyncio.current_task() is not None
    assert asyncio.current_task().cancel.__self__ is asyncio.current_task()


@operation
async def spawn(this, loop):
    async def spawned(name):
        this.call(name)
        await asyncio.sleep(0)

    with this.fault:
        AioGuest.spawn(spawned(1), name="spawned")
        this.expect_of_task(1)
        AioGuest.spawn(spawned(2), eager=True)
        this.expect_of_task(2)
    await asyncio.sleep(0)


@operation
async def handler(this, loop):
    @AioGuest.handler(while_running="queue")
    async def on_clicked(name):
        this.call(name)
        await asyncio.sleep(0)

    with this.fault:
        on_clicked(1)
        this.expect_of_task(1)
    await asyncio.sleep(0)
    on_clicked(2)
    this.expect_of_task(2)
    await asyncio.sleep(0.001)


@operation
async def nested(this, loop):
    """A main loop of the host's inside a callback, and one inside a step."""
    context = GLib.MainContext.default()

    def iterate():
        with this.fault:
            for _ in range(4):
                context.iteration(False)

    for i in range(10):
        loop.call_soon(this.call, i)
        this.expect(i)
    await asyncio.sleep(0)
    loop.call_soon(iterate)
    loop.call_soon(this.call, "after")
    this.expect("after")
    await asyncio.sleep(0.001)


@operation
async def nested_in_step(this, loop):
    context = GLib.MainContext.default()
    host = []
    GLib.idle_add(host.append, 1)
    for i in range(10):
        loop.call_soon(this.call, i)
        this.expect(i)
    with this.fault:
        for _ in range(4):
            context.iteration(False)
    for _ in range(4):
        context.iteration(False)
    await asyncio.sleep(0.001)
    assert asyncio.current_task() is not None


@operation
async def signals(this, loop):
    before = signal.signal(signal.SIGALRM, lambda *args: this.call("signal"))
    # It may be the handler that gets no memory, on a machine that is slow enough.
    this.expect_of_task("signal")
    # By the kernel: no Python code that may fail.
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    loop.call_soon(this.fault.strike)
    try:
        while not this.called["signal"]:
            await asyncio.sleep(0.0005)
    finally:
        this.fault.end()
        # It may be still to come, if there was no memory to wait for it.
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@operation
async def emissions(this, loop):
    """Connecting."""

    class Emitter(GObject.Object):
        def weak_ref(self, *args):
            # PyGObject crashes where it gets no memory for one.
            this.fault.end()
            return super().weak_ref(*args)

    # Made before: PyGObject goes on with no type where it gets no memory for an object.
    emitter = Emitter()
    with this.fault:
        AioGuest.signals(emitter, "notify")


@operation
async def emissions_end(this, loop):
    """Disconnecting: done, or done the next time."""
    emissions = AioGuest.signals(GObject.Object(), "notify")
    with this.fault:
        await emissions.aclose()
    await emissions.aclose()


@operation
def start(this, loop):
    finished = []
    task = None
    # Made before: CPython 3.11 crashes where WeakValueDictionary() gets no memory.
    made = AioGuest.EventLoop()
    asked = []

    def factory():
        asked.append(True)
        return made

    with this.fault:
        task = AioGuest.start(
            this.main(operate_not), **OPTIONS, done_callback=finished.append, loop_factory=factory
        )
    assert task is not None or not made.is_running()
    assert task is not None or made.is_closed() or not asked
    if task is None:
        # It may have been refused before it was asked for its loop.
        made.close()
    while task is not None and not finished:
        GLib.MainContext.default().iteration(True)
    if task is not None:
        task.result()


@operation
def wake(this, loop):
    """The main task is to go on. Where it can't asyncio.run() waits for ever; this does not."""
    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(this.report)
        future = loop.create_future()

        def end_wait():
            this.fault.strike()
            future.set_result(None)

        loop.call_soon(end_wait)
        await future
        this.fault.end()

    AioGuest.run(main(), **OPTIONS)


@operation
def shut_down(this, loop):
    """The application does, and the main task is to be cancelled and drained."""
    class Loop(AioGuest.EventLoop):
        def stop(self):
            this.fault.end()
            super().stop()

    async def main():
        asyncio.get_running_loop().set_exception_handler(this.report)
        GLib.idle_add(application.quit)
        await asyncio.Event().wait()

    application = Gio.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
    application.connect("shutdown", lambda application: this.fault.strike())
    AioGuest.run(application, main=main, loop_factory=Loop, **OPTIONS)


@operation
def drain(this, loop):
    """From the last step of the main task to where all tasks have been drained."""
    class Loop(AioGuest.EventLoop):
        def stop(self):
            this.fault.end()
            super().stop()

    async def other():
        try:
            await asyncio.Event().wait()
        finally:
            this.see("read")
            await asyncio.sleep(0)

    async def generate():
        yield

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(this.report)
        task = loop.create_task(other())  # noqa: F841
        generator = generate()
        await anext(generator)
        await asyncio.sleep(0)
        this.fault.strike()
        return "result"

    assert AioGuest.run(main(), loop_factory=Loop, **OPTIONS) == "result"


@operation
def end(this, loop):
    """From where all tasks have been drained."""
    class Loop(AioGuest.EventLoop):
        def stop(self):
            this.fault.strike()
            super().stop()

    async def main():
        asyncio.get_running_loop().set_exception_handler(this.report)
        await asyncio.sleep(0)

    AioGuest.run(main(), loop_factory=Loop, **OPTIONS)


def is_pygobject_crash(errors):
    """Whether a process has ended by a fault of PyGObject's, which goes on with NULL."""
    if "CRITICAL **" in errors and "g_boxed_" in errors:
        return True
    # Python 3.14 shows C's stack: who has called Python's function with NULL?
    _, _, stack = errors.partition("Current thread's C stack trace")
    files = [os.path.basename(path) for path in re.findall(r'Binary file "(.*?)"', stack)]
    callers = [name for name in files if not name.startswith(("python3", "libc.so"))]
    return callers[:1] != [] and callers[0].startswith("_gi.")


def run_child(operate, nth):
    """What becomes of an attempt: its outcome (None: the fault was not needed), and its trouble."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.dup2(errors.fileno(), 2)
                faulthandler.dump_traceback_later(PATIENCE, exit=True)
                try:
                    outcome = attempt(operate, nth)
                except FaultOfCPython:
                    outcome = "CPython"
                output.write(repr(outcome).encode())
                output.flush()
                sys.stderr.flush()
                status = 0
            except BaseException:
                traceback.print_exc()
                sys.stderr.flush()
            finally:
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        output.seek(0)
        errors.seek(0)
        return status, output.read().decode(), errors.read().decode(errors="replace")


def main(name, first, step, last=100_000):
    operate = OPERATIONS[name]
    outcomes = collections.Counter()
    faulthandler.enable()
    # What is made once and kept.
    attempt(operate, 100_000)
    # The children need not look at what is there already.
    gc.collect()
    gc.freeze()
    for nth in range(first, last, step):
        status, outcome, errors = run_child(operate, nth)
        if status != 0 and is_pygobject_crash(errors):
            status, outcome = 0, "PyGObject"
        trouble = status != 0
        if trouble:
            print(f"wrong: {name} {nth}: status {status}\n{errors}")
        elif outcome == "None":
            break
        outcomes["wrong" if trouble else outcome.strip("'")] += 1
    else:
        print(f"{name}: not done")
    for outcome, times in outcomes.items():
        print(f"{name}: {outcome}: {times}")


main(sys.argv[1], *map(int, sys.argv[2:]))
