# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each mistake gives one clear exception, and leaves nothing behind."""

import asyncio
import contextvars
import inspect
import os
import selectors
import threading

import pytest
from gi.repository import AioGuest, Gio, GLib

import support


async def main():
    await asyncio.sleep(0)
    return "good"


class Checked:
    """A coroutine that must be closed, and a state that must be as before."""

    def __init__(self):
        self.coro = main()
        self.mark = support.source_mark()
        self.descriptors = support.descriptors()

    def check(self):
        assert inspect.getcoroutinestate(self.coro) == inspect.CORO_CLOSED
        self.check_state()

    def check_state(self):
        assert asyncio._get_running_loop() is None
        assert support.sources_since(self.mark) == []
        assert support.descriptors() == self.descriptors
        assert support.run_in_main_loop(main()) == "good"
        assert support.run_owning(main()) == "good"


@pytest.fixture
def checked():
    return Checked()


@pytest.fixture(params=["start", "run"])
def entry(request):
    return getattr(AioGuest, request.param)


# The coroutine


async def generate():
    yield 1


@pytest.mark.parametrize("thing", [
    None, 5, "main()", main, lambda: main(), generate, [], object(),
], ids=lambda thing: type(thing).__name__ if not callable(thing) else thing.__name__)
def test_not_a_coroutine(entry, checked, thing):
    with pytest.raises(TypeError, match="coroutine"):
        entry(thing)
    checked.coro.close()
    checked.check_state()


def test_function_not_called_says_so(entry):
    with pytest.raises(TypeError, match=r"main\(\)|call"):
        entry(main)


def test_async_generator(entry, checked):
    generator = generate()
    with pytest.raises(TypeError, match="coroutine"):
        entry(generator)
    checked.coro.close()
    checked.check_state()


def test_coroutine_already_awaited(entry, checked):
    asyncio.run(checked.coro)
    with pytest.raises((RuntimeError, ValueError), match="coro.*already"):
        entry(checked.coro)
    checked.check()


def test_no_argument(entry):
    with pytest.raises(TypeError):
        entry()


# The keywords

WRONG_TYPES = [
    ("done_callback", 5),
    ("done_callback", "print"),
    ("debug", "yes"),
    ("debug", 2.5),
    ("loop_factory", 5),
    ("loop_factory", "EventLoop"),
    ("context", 5),
    ("context", {}),
    ("main_context", 5),
    ("main_context", "default"),
    ("priority", "high"),
    ("priority", 1.5),
    ("slice_us", "2ms"),
    ("slice_us", 2.5),
    ("application", 5),
    ("application", "org.example.App"),
    ("shutdown_timeout", "long"),
    ("name", 5),
    ("nested", None),
    ("nested", True),
]


@pytest.mark.parametrize("keyword, value", WRONG_TYPES)
def test_wrong_type(entry, checked, keyword, value):
    with pytest.raises(TypeError, match=keyword):
        entry(checked.coro, **{keyword: value})
    checked.check()


@pytest.mark.parametrize("keyword, value", [
    ("slice_us", 0),
    ("slice_us", -1),
    ("slice_us", -(2**70)),
    ("slice_us", 2**40),
    ("priority", 2**40),
    ("shutdown_timeout", -1),
    ("shutdown_timeout", float("nan")),
    ("shutdown_timeout", 10**400),
    ("nested", "stay"),
])
def test_out_of_range(entry, checked, keyword, value):
    with pytest.raises(ValueError, match=keyword):
        entry(checked.coro, **{keyword: value})
    checked.check()


@pytest.mark.parametrize("value", [GLib.PRIORITY_HIGH, 0, 120, GLib.PRIORITY_LOW])
def test_any_priority_is_good(value):
    async def look():
        return AioGuest.get_run().props.priority

    assert support.run_owning(look(), priority=value) == value


def test_context_is_for_contextvars(entry, checked):
    """A GLib.MainContext given as `context` is a mistake easily made."""
    with pytest.raises(TypeError, match="context.*main_context"):
        entry(checked.coro, context=GLib.MainContext.default())
    checked.check()


def test_main_context_is_for_glib(entry, checked):
    with pytest.raises(TypeError, match="main_context"):
        entry(checked.coro, main_context=contextvars.copy_context())
    checked.check()


# The loop


def test_closed_loop(entry, checked):
    loop = asyncio.SelectorEventLoop()
    loop.close()
    checked.descriptors = support.descriptors()
    with pytest.raises((RuntimeError, ValueError), match="loop_factory.*closed"):
        entry(checked.coro, loop_factory=lambda: loop)
    checked.check()


@pytest.mark.parametrize("thing", [None, 5, object()], ids=str)
def test_factory_that_makes_no_loop(entry, checked, thing):
    with pytest.raises(TypeError, match="loop_factory"):
        entry(checked.coro, loop_factory=lambda: thing)
    checked.check()


def test_factory_that_raises(entry, checked):
    def factory():
        raise LookupError("in the factory")

    with pytest.raises(LookupError, match="in the factory"):
        entry(checked.coro, loop_factory=factory)
    checked.check()


class NoDescriptor(selectors.DefaultSelector):
    """A selector that has no descriptor to offer, and is none of the known ones."""

    def fileno(self):
        raise NotImplementedError


class BadDescriptor(selectors.DefaultSelector):
    """A selector whose descriptor is not open."""

    def fileno(self):
        return 1_000_000


class NotASelectorLoop(asyncio.BaseEventLoop):
    """A loop that has no selector at all."""


@pytest.mark.parametrize("factory", [
    lambda: asyncio.SelectorEventLoop(BadDescriptor()),
    NotASelectorLoop,
], ids=["closed-descriptor", "no-selector"])
def test_backend_that_cannot_be_watched(entry, checked, factory):
    with pytest.raises((RuntimeError, TypeError, ValueError), match="loop_factory"):
        entry(checked.coro, loop_factory=factory)
    checked.check()


def test_selector_without_descriptor_is_watched_or_refused(entry, checked):
    """Such a selector can be served by watching what is registered with it."""
    def factory():
        return asyncio.SelectorEventLoop(NoDescriptor())

    try:
        assert support.run_owning(checked.coro, loop_factory=factory) == "good"
    except (RuntimeError, TypeError, ValueError) as error:
        assert "loop_factory" in str(error)
    checked.check()


def test_loop_that_runs_already(entry, checked):
    """loop_factory gives a loop that another thread is running."""
    loop = asyncio.SelectorEventLoop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        while not loop.is_running():
            pass
        checked.descriptors = support.descriptors()
        with pytest.raises((RuntimeError, ValueError), match="loop_factory|running"):
            entry(checked.coro, loop_factory=lambda: loop)
        assert loop.is_running() and not loop.is_closed()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
    assert inspect.getcoroutinestate(checked.coro) == inspect.CORO_CLOSED
    loop.close()


# The thread


def test_inside_a_foreign_loop(entry, checked):
    async def outer():
        before = asyncio.get_running_loop()
        with pytest.raises(RuntimeError, match="running"):
            entry(checked.coro)
        assert asyncio.get_running_loop() is before
        await asyncio.sleep(0)
        return "undisturbed"

    assert asyncio.run(outer()) == "undisturbed"
    checked.check()


def test_second_start_on_the_same_thread(entry, checked):
    async def first():
        with pytest.raises(RuntimeError, match="running"):
            entry(checked.coro)
        await asyncio.sleep(0)
        return "undisturbed"

    assert support.run_in_main_loop(first()) == "undisturbed"
    checked.check()


def test_second_start_from_a_host_callback(entry, checked):
    async def first():
        over = asyncio.get_running_loop().create_future()

        def in_host():
            try:
                with pytest.raises(RuntimeError, match="running"):
                    entry(checked.coro)
                over.set_result("undisturbed")
            except BaseException as error:
                over.set_exception(error)

        GLib.idle_add(in_host)
        return await over

    assert support.run_in_main_loop(first()) == "undisturbed"
    checked.check()


def test_second_start_before_the_host_runs(checked):
    first = support.start(main())
    with pytest.raises(RuntimeError, match="running"):
        AioGuest.start(checked.coro)
    support.Rescue().until(lambda: asyncio._get_running_loop() is None)
    assert first.result() == "good"
    checked.check()


def test_context_owned_by_another_thread(entry, checked):
    context = GLib.MainContext.new()
    checked.descriptors = support.descriptors()
    owned, release = threading.Event(), threading.Event()

    def own():
        context.acquire()
        owned.set()
        release.wait()
        context.release()

    thread = threading.Thread(target=own)
    thread.start()
    try:
        assert owned.wait(support.PATIENCE)
        with pytest.raises(RuntimeError, match="main_context.*thread|thread.*main_context"):
            entry(checked.coro, main_context=context)
    finally:
        release.set()
        thread.join()
    checked.check()


# The done callback


def test_done_callback_that_raises(errors):
    called = []

    def broken(task):
        called.append(task)
        raise LookupError("in the callback")

    task = support.start(main(), done_callback=broken)
    rescue = support.Rescue()
    rescue.until(lambda: called)
    rescue.settle()
    assert called == [task]
    assert [record.exc_info[0] for record in errors()] == [LookupError]
    assert "done_callback" in errors()[0].getMessage()
    assert support.run_in_main_loop(main()) == "good"


def test_done_callback_with_wrong_signature(errors):
    over = []
    support.start(main(), done_callback=lambda: over.append(True))
    rescue = support.Rescue()
    rescue.until(errors)
    rescue.settle()
    assert [record.exc_info[0] for record in errors()] == [TypeError]
    assert over == []
    assert support.run_in_main_loop(main()) == "good"


# Other functions


@pytest.mark.parametrize("thing", [5, "loop", main])
def test_get_run_of_something_else(thing):
    with pytest.raises(TypeError):
        AioGuest.get_run(thing)


def test_get_run_without_a_run():
    with pytest.raises(RuntimeError):
        AioGuest.get_run()


def test_get_run_of_a_foreign_loop():
    async def look():
        with pytest.raises((RuntimeError, LookupError, ValueError)):
            AioGuest.get_run()

    asyncio.run(look())


def test_spawn_outside_a_run():
    coro = main()
    with pytest.raises(RuntimeError):
        AioGuest.spawn(coro)
    assert inspect.getcoroutinestate(coro) == inspect.CORO_CLOSED


@pytest.mark.parametrize("thing", [None, 5, main])
def test_spawn_of_something_else(thing):
    async def look():
        with pytest.raises(TypeError, match="coroutine"):
            AioGuest.spawn(thing)

    support.run_owning(look())


@pytest.mark.parametrize("thing", [5, print, lambda: None])
def test_handler_of_something_else(thing):
    with pytest.raises(TypeError):
        AioGuest.handler(thing)


@pytest.mark.parametrize("thing, what", [
    (generate, "the async generator .* which yields"),
    (len, "which is a plain function"),
    (main, "the coroutine .* without calling it"),
], ids=["generator", "function", "coroutine"])
def test_handler_says_what_it_is(thing, what):
    if thing is main:
        thing = main()
    with pytest.raises(TypeError, match=f'an "async def" function, not .*{what}'):
        AioGuest.handler(thing)


def test_spawn_on_a_thread_beside_a_run(run):
    messages = []

    def spawn():
        try:
            AioGuest.spawn(main())
        except RuntimeError as error:
            messages.append(str(error))

    async def spawn_on_thread():
        await asyncio.get_running_loop().run_in_executor(None, spawn)

    run(spawn_on_thread())
    assert "asyncio.run_coroutine_threadsafe(coro, loop)" in messages[0]


def test_handler_with_a_wrong_option():
    with pytest.raises(ValueError, match="while_running"):
        AioGuest.handler(main, while_running="sometimes")


@pytest.mark.parametrize("selector", [5, "epoll"])
def test_event_loop_with_a_wrong_selector(selector):
    with pytest.raises(TypeError, match="selector"):
        AioGuest.EventLoop(selector)


def test_event_loop_with_a_wrong_context():
    with pytest.raises(TypeError, match="main_context"):
        AioGuest.EventLoop(main_context=5)


def test_run_application_bound_to_another():
    """Two applications named in one call."""
    first = Gio.Application(application_id="org.example.First")
    second = Gio.Application(application_id="org.example.Second")
    with pytest.raises(TypeError, match="application"):
        AioGuest.run(first, main=main, application=second)


def test_run_coroutine_with_arguments_of_an_application(checked):
    with pytest.raises(TypeError, match="argv|main"):
        AioGuest.run(checked.coro, ["program"], main=main)
    checked.check()


def test_run_with_an_unknown_option(checked):
    with pytest.raises(TypeError, match="timeout"):
        AioGuest.run(checked.coro, timeout=5)
    checked.check()


def make_application():
    return Gio.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)


def test_main_given_as_argv():
    app = make_application()
    with pytest.raises(TypeError, match=r"use run\(app, main="):
        AioGuest.run(app, main)
    coro = main()
    with pytest.raises(TypeError, match=r"use run\(app, main="):
        AioGuest.run(app, coro)
    assert inspect.getcoroutinestate(coro) == inspect.CORO_CLOSED
    # It has not been run by any of these.
    assert AioGuest.run(app, main=main, debug=False) == 0


@pytest.mark.parametrize("argv", [5, "program", object()], ids=["int", "str", "object"])
def test_argv_of_another_type(argv):
    with pytest.raises(TypeError, match="argv must be a list of str"):
        AioGuest.run(make_application(), argv)


@pytest.mark.parametrize("timeout, error", [
    (float("nan"), ValueError), (10**400, ValueError), ("5", TypeError), (True, TypeError),
], ids=["nan", "huge", "str", "bool"])
def test_timeout_that_is_no_number_of_seconds(run, timeout, error):
    async def wait():
        coro = asyncio.sleep(0)
        with pytest.raises(error, match="timeout"):
            AioGuest.wait(coro, timeout=timeout)
        assert inspect.getcoroutinestate(coro) == inspect.CORO_CLOSED

    run(wait())


def test_call_tells_of_the_arguments_that_are_missing(run):
    async def call():
        with pytest.raises(TypeError, match="after the function: bus_type$"):
            await AioGuest.call(Gio.bus_get)

    run(call())


def test_task_factory_that_raises(entry, checked):
    """Not even the main task can be made."""
    loop = AioGuest.EventLoop()

    def factory(loop, coro, **options):
        raise LookupError("no task")

    loop.set_task_factory(factory)
    with pytest.raises(LookupError, match="no task"):
        entry(checked.coro, loop_factory=lambda: loop)
    assert loop.is_closed()
    checked.check()


def test_main_without_an_application(checked):
    with pytest.raises(TypeError, match="main"):
        AioGuest.run(checked.coro, main=main)
    checked.check()


def test_nothing_of_this_leaks_descriptors(entry):
    def all_wrong():
        for keyword, value in WRONG_TYPES:
            coro = main()
            with pytest.raises(TypeError):
                entry(coro, **{keyword: value})

    all_wrong()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        all_wrong()
    assert len(os.listdir("/proc/self/fd")) == before


def test_queue_of_another_kind_is_refused():
    # Its size was read from where a deque has it.
    class Queue:
        __slots__ = ("append", "clear", "popleft")

        def __init__(self, items):
            self.append = items.append
            self.clear = items.clear
            self.popleft = items.popleft

    loop = AioGuest.EventLoop()
    loop._ready = Queue(loop._ready)
    with pytest.raises(RuntimeError, match="queue of ready handles"):
        support.run_owning(asyncio.sleep(0), loop_factory=lambda: loop)
    assert loop.is_closed()
