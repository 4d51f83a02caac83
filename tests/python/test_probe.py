# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The C extension loaded into an asyncio that is not the one known: it says what differs.

Each test loads a copy of the module. What comes of a whole program there is for test_hostile.py.
"""

import asyncio
import asyncio.base_events
import asyncio.selector_events
import asyncio.tasks
import collections
import gc
import importlib.util
import selectors
import sys

import pytest
from gi.overrides.AioGuest import _core
from gi.repository import AioGuest, GLib

import support

NATIVE = support.TICK != "stock"
Base = asyncio.base_events.BaseEventLoop


def new_loop():
    loop = asyncio.SelectorEventLoop()
    loop.set_debug(False)
    return loop


def is_over(guest):
    return guest.run is None or guest.run.get_state() == AioGuest.RunState.FINISHED


def load():
    spec = importlib.util.spec_from_file_location(_core.__name__, _core.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_same_asyncio():
    assert (load().verified, load().difference) == (True, None)


def test_copies_are_freed():
    """Python has but eight watchers of dicts."""
    for _ in range(20):
        assert load().verified
        gc.collect()


# Without these there is no asyncio.


@pytest.mark.parametrize("module, name", [
    (asyncio.events, "Handle"),
    (asyncio.events, "TimerHandle"),
    (collections, "deque"),
    (asyncio.tasks, "current_task"),
    (selectors, "EVENT_READ"),
    (selectors, "EVENT_WRITE"),
])
def test_no_asyncio(monkeypatch, module, name):
    with monkeypatch.context() as patch, pytest.raises(AttributeError, match=name):
        patch.delattr(module, name)
        load()


def test_event_of_another_type(monkeypatch):
    monkeypatch.setattr(selectors, "EVENT_WRITE", "write")
    with pytest.raises(TypeError):
        load()


@pytest.mark.parametrize("module, name", [
    (asyncio.tasks, "_leave_task"),
    (selectors, "EpollSelector"),
    (asyncio.base_events, "BaseEventLoop"),
    (asyncio.base_events, "_MIN_SCHEDULED_TIMER_HANDLES"),
    (selectors, "SelectorKey"),
])
def test_look_up_that_raises(monkeypatch, module, name):
    """Something else than that it is not there."""
    def fail(wanted):
        if wanted == name:
            raise ZeroDivisionError
        raise AttributeError(wanted)

    monkeypatch.delattr(module, name)
    monkeypatch.setattr(module, "__getattr__", fail, raising=False)
    with pytest.raises(ZeroDivisionError):
        load()


class Deque(collections.deque):
    def append(self, item):
        super().append(item)

    def popleft(self):
        return super().popleft()


class NoDeque:
    pass


def test_deque_with_methods_in_python(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(collections, "deque", Deque)
        core = load()
    assert core.verified
    loop = new_loop()
    with pytest.raises(TypeError, match="no queue"):
        core.AsyncioGuest(loop)
    loop._ready = Deque(loop._ready)
    assert drive(core, loop, count_to(3)) == 3


def test_deque_without_methods(monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(AttributeError, match="append"):
        patch.setattr(collections, "deque", NoDeque)
        load()


# Without these the stock tick serves.


@pytest.mark.parametrize("module, name", [
    (asyncio.base_events, "BaseEventLoop"),
    (asyncio.selector_events, "BaseSelectorEventLoop"),
    (asyncio.base_events, "_MIN_SCHEDULED_TIMER_HANDLES"),
    (asyncio.base_events, "_MIN_CANCELLED_TIMER_HANDLES_FRACTION"),
    (selectors, "SelectorKey"),
    (Base, "_timer_handle_cancelled"),
    (asyncio.Handle, "_run"),
])
def test_missing(monkeypatch, module, name):
    monkeypatch.delattr(module, name)
    core = load()
    assert not core.verified and name in core.difference


@pytest.mark.parametrize("name", ["asyncio.base_events", "asyncio.selector_events"])
def test_module_missing(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    core = load()
    assert not core.verified and name in core.difference


@pytest.mark.parametrize("module, name, value, difference", [
    (asyncio.base_events, "_MIN_SCHEDULED_TIMER_HANDLES", "many", ""),
    (asyncio.base_events, "_MIN_CANCELLED_TIMER_HANDLES_FRACTION", "half", ""),
    (selectors, "EpollSelector", None, "there is no EpollSelector"),
    (selectors, "EpollSelector", type("EpollSelector", (), {}), "select"),
    (selectors, "SelectorKey", type("Key", (), {}), "_fields"),
    (selectors, "SelectorKey", type("Key", (), {"_fields": ["fileobj", "fd", "events", "data"]}),
     "SelectorKey has other fields"),
    (selectors, "SelectorKey", type("Key", (), {"_fields": ("fileobj", "fd", "events")}),
     "SelectorKey has other fields"),
    (selectors, "SelectorKey", type("Key", (), {"_fields": ("fileobj", 1, "events", "data")}),
     "SelectorKey has other fields"),
    (Base, "time", lambda self: 0.0, "time does not use time"),
    (Base, "_run_once", len, "_run_once is no Python function"),
])
def test_of_another_kind(monkeypatch, module, name, value, difference):
    monkeypatch.setattr(module, name, value)
    core = load()
    assert not core.verified and difference in core.difference


SLOTS = asyncio.Handle.__slots__
TIMER_SLOTS = asyncio.TimerHandle.__slots__


def handle_types(slots, timer_slots, members={}):
    """Types that differ from asyncio's in their slots only."""
    def methods(kind):
        return {
            name: value for name, value in vars(kind).items()
            if name not in {*kind.__slots__, "__slots__", "__weakref__"}
        }

    handle = type("Handle", (), methods(asyncio.Handle) | {"__slots__": slots})
    timer = type("TimerHandle", (handle,),
                 methods(asyncio.TimerHandle) | {"__slots__": timer_slots} | members)
    return handle, timer


def load_with(monkeypatch, types):
    if hasattr(asyncio.events, "_ThreadSafeHandle"):
        pytest.skip("another class of asyncio's is derived from the one to be replaced")
    monkeypatch.setattr(asyncio.events, "Handle", types[0])
    monkeypatch.setattr(asyncio.events, "TimerHandle", types[1])
    return load()


def test_same_slots(monkeypatch):
    assert load_with(monkeypatch, handle_types(SLOTS, TIMER_SLOTS)).verified


@pytest.mark.parametrize("name", [name for name in (*SLOTS, *TIMER_SLOTS) if name != "__weakref__"])
def test_slot_missing(monkeypatch, name):
    core = load_with(monkeypatch, handle_types([slot for slot in SLOTS if slot != name],
                                               [slot for slot in TIMER_SLOTS if slot != name]))
    assert not core.verified and name in core.difference


@pytest.mark.parametrize("slots, timer_slots, members", [
    ((*SLOTS, "_more"), TIMER_SLOTS, {}),
    (SLOTS, (*TIMER_SLOTS, "_more"), {}),
    (SLOTS, (*TIMER_SLOTS, "__dict__"), {}),
    (SLOTS, TIMER_SLOTS, {"__new__": lambda cls, *args: object.__new__(cls)}),
])
def test_slots_not_known(monkeypatch, slots, timer_slots, members):
    core = load_with(monkeypatch, handle_types(slots, timer_slots, members))
    assert not core.verified and "slots that are not known" in core.difference


# How a step is suspended, by the functions that this or another Python has for it.


async def count_to(number):
    for count in range(number):
        await asyncio.sleep(0.001)
    return count + 1


def drive(core, loop, main):
    """Run *main* by a guest of *core*; return its result or raise what ended the run."""
    context = GLib.MainContext.default()
    guest = core.AsyncioGuest(loop, native=NATIVE)
    guest.attach(context)
    asyncio._set_running_loop(loop)
    task = loop.create_task(main)
    try:
        while not task.done() and not is_over(guest):
            context.iteration(True)
    finally:
        asyncio._set_running_loop(None)
        error = guest.exception
        guest.stop()
        if error is not None:
            task._log_destroy_pending = False
            main.close()
        loop.close()
    if error is not None:
        raise error
    return task.result()


async def nest():
    """Iterate the host inside a step; say which task is the current one in there, and after."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    seen = []
    loop.call_soon(lambda: seen.append(asyncio.current_task()))
    while not seen:
        GLib.MainContext.default().iteration(True)
    assert asyncio.current_task() is task
    await asyncio.sleep(0)
    assert asyncio.current_task() is task
    return seen


async def nest_in_callback():
    """The same in a callback, where no task is the current one."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    seen = []

    def callback():
        loop.call_soon(lambda: seen.append(asyncio.current_task()))
        while not seen:
            GLib.MainContext.default().iteration(True)
        seen.append(asyncio.current_task())
        over.set_result(None)

    loop.call_soon(callback)
    await over
    return seen


enter, leave, current = asyncio.tasks._enter_task, asyncio.tasks._leave_task, asyncio.current_task


def swap(loop, task):
    """As Python 3.12 has it: without a task there is none to take away."""
    before = current(loop)
    if before is None and task is None:
        raise KeyError(loop)
    if before is not None:
        leave(loop, before)
    if task is not None:
        enter(loop, task)
    return before


def none(loop, task=None):
    return None


def fail(*args):
    raise ZeroDivisionError("hostile")


def set_functions(monkeypatch, **functions):
    for name in ("_swap_current_task", "_py_swap_current_task", "_py_current_task", "_enter_task",
                 "_leave_task"):
        value = functions.get(name)
        if value is not None:
            monkeypatch.setattr(asyncio.tasks, name, value, raising=False)
        else:
            monkeypatch.delattr(asyncio.tasks, name, raising=False)


@pytest.mark.parametrize("functions", [
    {"_enter_task": enter, "_leave_task": leave},
    {"_swap_current_task": swap},
    {"_swap_current_task": swap, "_py_swap_current_task": swap, "_py_current_task": current},
    {"_swap_current_task": swap, "_py_swap_current_task": none, "_py_current_task": none},
    {"_swap_current_task": none, "_py_swap_current_task": swap, "_py_current_task": current},
    {"_swap_current_task": swap, "_py_swap_current_task": none},
], ids=["enter-leave", "swap", "same", "two", "python's", "not-current"])
def test_functions_of_tasks(monkeypatch, functions):
    set_functions(monkeypatch, **functions)
    assert drive(load(), new_loop(), nest()) == [None]
    assert drive(load(), new_loop(), nest_in_callback()) == [None, None]


@pytest.mark.parametrize("functions", [
    {}, {"_enter_task": enter}, {"_leave_task": leave}, {"_swap_current_task": 5},
], ids=["none", "enter", "leave", "number"])
def test_no_functions_of_tasks(monkeypatch, functions):
    """The task stays the current one."""
    set_functions(monkeypatch, **functions)
    assert drive(load(), new_loop(), nest()) != [None]


@pytest.mark.parametrize("functions", [
    {"_enter_task": enter, "_leave_task": fail},
    {"_swap_current_task": fail},
    {"_swap_current_task": swap, "_py_swap_current_task": none, "_py_current_task": fail},
    {"_swap_current_task": none, "_py_swap_current_task": fail, "_py_current_task": current},
], ids=["leave", "swap", "current", "py-swap"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_task_that_cannot_be_suspended(monkeypatch, functions):
    """That ends the run, and is told."""
    set_functions(monkeypatch, **functions)
    core = load()
    loop = new_loop()

    async def main():
        loop.call_soon(int)
        while not is_over(guest):
            GLib.MainContext.default().iteration(True)

    guest = core.AsyncioGuest(loop, native=NATIVE)
    guest.attach(GLib.MainContext.default())
    asyncio._set_running_loop(loop)
    try:
        task = loop.create_task(main())
        # It is never resumed.
        task._log_destroy_pending = False
        while not task.done() and not is_over(guest):
            GLib.MainContext.default().iteration(True)
    finally:
        asyncio._set_running_loop(None)
    assert isinstance(guest.exception, ZeroDivisionError)
    loop.close()


@pytest.mark.parametrize("kind", ["enter", "swap", "py-swap"])
def test_task_that_cannot_be_resumed(monkeypatch, kind):
    """It goes on, and Python tells of it."""
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: told.append(info.exc_type))

    def swap_out(loop, task):
        if task is not None:
            enter(loop, task)
            fail()
        return swap(loop, task)

    def enter_and_fail(loop, task):
        enter(loop, task)
        fail()

    set_functions(monkeypatch, **{
        "enter": {"_enter_task": enter_and_fail, "_leave_task": leave},
        "swap": {"_swap_current_task": swap_out},
        "py-swap": {"_swap_current_task": none, "_py_swap_current_task": swap_out,
                    "_py_current_task": current},
    }[kind])
    assert drive(load(), new_loop(), nest()) == [None]
    assert told and set(told) == {ZeroDivisionError}


def test_current_task_that_raises(monkeypatch):
    monkeypatch.setattr(asyncio.tasks, "current_task", fail)
    core = load()
    loop = new_loop()
    guest = core.AsyncioGuest(loop, native=NATIVE)
    guest.attach(GLib.MainContext.default())
    for call in (guest.iterate, lambda: guest.call_step(int)):
        with pytest.raises(ZeroDivisionError):
            call()
    loop.call_soon(int)
    while not is_over(guest):
        GLib.MainContext.default().iteration(True)
    assert isinstance(guest.exception, ZeroDivisionError)
    loop.close()
