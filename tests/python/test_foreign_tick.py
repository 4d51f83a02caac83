# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest written in Python through the introspected library alone."""

import os
import sys

import pytest
from gi.repository import AioGuest, GLib

import support

Tick = AioGuest.Tick


@pytest.fixture
def pipe():
    descriptors = os.pipe()
    yield descriptors
    for descriptor in descriptors:
        os.close(descriptor)


@pytest.fixture
def unraised(monkeypatch):
    """What goes to sys.excepthook, where PyGObject puts what a callback raises."""
    caught = []
    monkeypatch.setattr(sys, "excepthook", lambda *info: caught.append(info[1]))
    return caught


class Guest:
    """A run, and how it ended."""

    def __init__(self, fd, tick):
        self.ended = []
        poller = AioGuest.Poller.new(fd, AioGuest.PollMode.AUTO)
        self.run = AioGuest.Run.new(poller, tick)
        self.run.connect("finished", lambda run, error: self.ended.append(error))
        self.rescue = support.Rescue()

    def attach(self):
        assert self.run.attach(None)

    @property
    def state(self):
        return self.run.props.state


def test_ticks_when_the_descriptor_is_readable(pipe):
    received = []

    def tick(run, slice_end):
        if support.GLib.get_monotonic_time() > slice_end:
            return Tick.AGAIN, -1
        if not received and not poll_readable(pipe[0]):
            return Tick.WAIT, -1
        received.append(os.read(pipe[0], 100))
        return Tick.FINISHED, -1

    guest = Guest(pipe[0], tick)
    guest.attach()
    guest.rescue.settle()
    assert guest.state == AioGuest.RunState.RUNNING
    GLib.idle_add(lambda: os.write(pipe[1], b"hello") and False)
    guest.rescue.until(lambda: guest.ended)
    assert received == [b"hello"]
    assert guest.ended == [None]
    assert guest.state == AioGuest.RunState.FINISHED


def poll_readable(fd):
    import select

    return bool(select.select([fd], [], [], 0)[0])


def test_deadline(pipe):
    times = []

    def tick(run, slice_end):
        times.append(GLib.get_monotonic_time())
        if len(times) == 1:
            return Tick.WAIT, times[0] + 20_000
        if times[-1] < times[0] + 20_000:
            return Tick.WAIT, times[0] + 20_000
        return Tick.FINISHED, -1

    guest = Guest(pipe[0], tick)
    guest.attach()
    guest.rescue.until(lambda: guest.ended)
    assert times[-1] >= times[0] + 20_000
    assert len(times) <= 4


def test_wake(pipe):
    ticks = []

    def tick(run, slice_end):
        ticks.append(run)
        return Tick.WAIT, -1

    guest = Guest(pipe[0], tick)
    guest.attach()
    guest.rescue.settle()
    before = len(ticks)
    guest.run.wake()
    guest.rescue.turn()
    assert len(ticks) == before + 1
    guest.run.stop()
    assert guest.ended == [None]


def test_tick_that_raises_ends_the_run(pipe, unraised):
    ticks = []

    def tick(run, slice_end):
        ticks.append(run)
        raise LookupError("in the tick")

    mark = support.source_mark()
    guest = Guest(pipe[0], tick)
    guest.attach()
    guest.rescue.until(lambda: guest.ended)
    guest.rescue.settle()
    assert len(ticks) == 1
    assert [type(error) for error in unraised] == [LookupError]
    assert guest.state == AioGuest.RunState.FINISHED
    (error,) = guest.ended
    assert error.matches(AioGuest.error_quark(), AioGuest.Error.FAILED)
    assert support.sources_since(mark) == []


def test_tick_that_raises_later_ends_the_run(pipe, unraised):
    ticks = []

    def tick(run, slice_end):
        ticks.append(run)
        if poll_readable(pipe[0]):
            raise LookupError("in the tick")
        return Tick.WAIT, -1

    guest = Guest(pipe[0], tick)
    guest.attach()
    guest.rescue.settle()
    # Never read, so a run that went on would spin.
    os.write(pipe[1], b"x")
    guest.rescue.until(lambda: guest.ended)
    before = len(ticks)
    guest.rescue.settle()
    assert len(ticks) == before
    assert len(unraised) == 1


@pytest.mark.parametrize("answer", [None, 5], ids=str)
def test_tick_that_answers_nonsense_does_not_spin(pipe, unraised, answer):
    """PyGObject reports that it can't convert the answer.

    Its older versions then answer zero, which ends the run; newer ones may answer
    anything, and the run waits for its descriptor.
    """
    ticks = []

    def tick(run, slice_end):
        ticks.append(run)
        return answer

    guest = Guest(pipe[0], tick)
    guest.attach()
    guest.rescue.until(lambda: ticks)
    guest.rescue.settle()
    assert len(ticks) == 1
    assert len(unraised) == 1
    guest.run.stop()
    assert len(guest.ended) == 1


def test_descriptor_that_cannot_be_watched():
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    os.close(write_fd)
    with pytest.raises(GLib.Error) as caught:
        AioGuest.Poller.new(read_fd, AioGuest.PollMode.AUTO)
    assert caught.value.matches(AioGuest.error_quark(), AioGuest.Error.NOT_POLLABLE)


def test_attached_twice(pipe):
    guest = Guest(pipe[0], lambda run, slice_end: (Tick.WAIT, -1))
    guest.attach()
    with pytest.raises(GLib.Error) as caught:
        guest.run.attach(None)
    assert caught.value.matches(AioGuest.error_quark(), AioGuest.Error.WRONG_STATE)
    guest.run.stop()


def test_user_data(pipe):
    seen = []

    def tick(run, slice_end, *data):
        seen.append(data)
        return Tick.FINISHED, -1

    poller = AioGuest.Poller.new(pipe[0], AioGuest.PollMode.AUTO)
    run = AioGuest.Run.new(poller, tick, "one", 2)
    run.attach(None)
    support.Rescue().until(lambda: seen)
    assert seen == [("one", 2)]
