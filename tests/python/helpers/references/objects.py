# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses of the C library's objects."""

import os
import queue

from gi.repository import AioGuest, GLib

from .table import refused, use_of

READABLE = ["name", "priority", "slice", "period", "reentrant"]
READ_ONLY = ["state", "poll-mode", "ticks", "busy-time", "longest-tick", "deferred-slices"]
GETTERS = [
    f"get_{name}"
    for name in [*READABLE, *(name.replace("-", "_") for name in READ_ONLY)]
] + ["get_error", "get_main_context", "get_poller"]
SETTERS = [f"set_{name}" for name in READABLE]


@use_of(*(f"Run.{name}" for name in [*GETTERS, *SETTERS, *READABLE, *READ_ONLY]))
async def settings_of_a_run():
    run = AioGuest.get_run()
    for name in READ_ONLY + READABLE:
        run.get_property(name)
    for name in GETTERS:
        getattr(run, name)()
    for name in READABLE:
        value = run.get_property(name)
        run.set_property(name, value)
        getattr(run, f"set_{name}")(value)
        with refused(TypeError):
            getattr(run, f"set_{name}")(value, value)
    run.set_name(f"a name of {run.get_ticks()}")
    run.set_name(None)


@use_of("Run", "Run.loop", "Run.main_task", "Run.wake", "Run.restart_slice", "Run.attach")
async def methods_of_a_run():
    run = AioGuest.get_run()
    assert run.loop.is_running() and not run.main_task.done()
    run.wake()
    run.restart_slice()
    with refused(GLib.Error):
        run.attach(None)
    number = run.connect("notify::name", lambda run, pspec: None)
    run.set_name("other")
    run.disconnect(number)


class Guest:
    """A guest of Python's by the library alone, watching the read end of a pipe."""

    def __enter__(self):
        self.ends = os.pipe()
        return self

    def __exit__(self, *exc_info):
        for fd in self.ends:
            os.close(fd)

    def make_run(self, tick):
        poller = AioGuest.Poller.new(self.ends[0], AioGuest.PollMode.AUTO)
        return AioGuest.Run.new(poller, tick, object())


@use_of("Run", "Run.new", "Run.attach", "Run.stop", "Run.loop", "Run.main_task", "Poller.new")
def run_of_a_python_tick():
    ticks = []
    ended = []

    def tick(run, slice_end, data):
        ticks.append(data)
        return AioGuest.Tick.WAIT if len(ticks) < 3 else AioGuest.Tick.FINISHED, -1

    with Guest() as guest:
        run = guest.make_run(tick)
        run.connect("finished", lambda run, error: ended.append(error))
        assert run.loop is run.main_task is None
        run.attach(None)
        os.write(guest.ends[1], b"data")
        while not ended:
            GLib.MainContext.default().iteration(True)
        run.stop()
        with refused(GLib.Error):
            run.attach(None)


@use_of("Run.stop")
def run_that_is_stopped():
    def tick(run, slice_end, data):
        return AioGuest.Tick.WAIT, -1

    with Guest() as guest:
        guest.make_run(tick)
        guest.make_run(tick).stop()
        run = guest.make_run(tick)
        run.attach(GLib.MainContext())
        run.stop()


@use_of("Poller", "Poller.new", "Poller.get_fd", "Poller.get_mode", "Poller.watch", "Poller.unwatch")
def poller():
    with Guest() as guest:
        for mode in AioGuest.PollMode.AUTO, AioGuest.PollMode.THREAD:
            poller = AioGuest.Poller.new(guest.ends[0], mode)
            assert poller.get_fd() == guest.ends[0]
            assert poller.get_mode() != AioGuest.PollMode.AUTO
            poller.watch(guest.ends[1], GLib.IOCondition.OUT)
            poller.unwatch(guest.ends[1])
    with refused(GLib.Error):
        AioGuest.Poller.new(guest.ends[0], AioGuest.PollMode.DIRECT)
    with refused(TypeError):
        AioGuest.Poller.new("descriptor", AioGuest.PollMode.DIRECT)


@use_of(
    "Pump", "Pump.new", "Pump.get_main_context", "Pump.get_fd", "Pump.dispatch", "Pump.start_thread", "Pump.destroy",
)
def pump():
    context = GLib.MainContext.new_with_flags(GLib.MainContextFlags.OWNERLESS_POLLING)
    pump = AioGuest.Pump.new(context)
    assert pump.get_main_context() == context
    assert os.get_blocking(pump.get_fd())
    while pump.dispatch() != AioGuest.PumpResult.WAIT:
        pass
    pump.destroy()
    assert pump.get_fd() == -1
    with refused(TypeError):
        AioGuest.Pump.new(None)


@use_of("Pump.start_thread", "Pump.destroy")
def pump_with_a_thread():
    pump = AioGuest.Pump.new(GLib.MainContext.new_with_flags(GLib.MainContextFlags.OWNERLESS_POLLING))
    calls = queue.SimpleQueue()
    pump.start_thread(lambda: calls.put(pump.dispatch))
    calls.get()()
    pump.destroy()


@use_of("source_new")
def source_new():
    def tick(run, slice_end, data):
        return AioGuest.Tick.WAIT, -1

    with Guest() as guest:
        run = guest.make_run(tick)
        source = AioGuest.source_new(run)
        context = GLib.MainContext()
        source.attach(context)
        run.stop()


@use_of("error_quark")
def error_quark():
    assert GLib.quark_to_string(AioGuest.error_quark())
