# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the system refuses gives an exception with the cause, or is tried again."""

import errno
import os

import pytest

import support  # noqa: F401
from program import run_program

SHIM = os.environ.get("AIOGUEST_FAULTS")

pytestmark = pytest.mark.skipif(not SHIM, reason="without the shim of tests/faults")


def strike(call, nth, number, count=1, when=None, **env):
    """Run programs/faults.py, *when* as there; return its outcome and errors."""
    status, lines, errors = run_program(
        "faults.py", call, str(nth), str(number), str(count), *([when] if when else []),
        env={"LD_PRELOAD": SHIM, **env},
    )
    assert status == 0, errors
    assert lines[0] == "struck"
    # The run after it.
    assert lines[-1] == "result"
    if call not in ("pipe2", "timerfd_settime"):
        # The former is kept. A timer that seems to be somebody else's is not closed.
        assert lines[2:-1] == ["nothing is left"]
    return lines[1], errors


THREAD = {"AIOGUEST_POLL_MODE": "thread"}

#: Of what is not one mode's alone.
both_modes = pytest.mark.parametrize("mode", ["direct", "thread"])


@pytest.mark.parametrize(
    "mode, nth", [("direct", 1), ("thread", 1), ("thread", 2), ("thread", 3)]
)
def test_no_wakeup_descriptor(mode, nth):
    outcome, errors = strike("eventfd", nth, errno.EMFILE, AIOGUEST_POLL_MODE=mode)
    assert outcome.startswith("RuntimeError: ")
    assert os.strerror(errno.EMFILE) in outcome
    assert errors == ""


@pytest.mark.parametrize(
    "mode, count", [("direct", 1), ("thread", 1), ("thread", 2), ("thread", 3)]
)
def test_wakeup_descriptor_unknown(mode, count):
    """A system without eventfds: pipes serve."""
    assert strike("eventfd", 1, errno.ENOSYS, count, AIOGUEST_POLL_MODE=mode) == ("result", "")


def test_no_thread():
    outcome, errors = strike("pthread_create", 1, errno.EAGAIN, **THREAD)
    assert outcome.startswith("RuntimeError: can't start the polling thread: ")
    assert os.strerror(errno.EAGAIN) in outcome
    assert errors == ""


@both_modes
def test_no_selector(mode):
    # What asyncio says of the loop that it could not make is its affair.
    outcome, _ = strike("epoll_create1", 1, errno.EMFILE, AIOGUEST_POLL_MODE=mode)
    assert outcome.startswith("OSError: ")
    assert os.strerror(errno.EMFILE) in outcome


@both_modes
def test_no_timer(mode):
    assert strike(
        "timerfd_create", 1, errno.EMFILE, 1000, AIOGUEST_POLL_MODE=mode
    ) == ("result", "")


@both_modes
def test_timer_lost(mode):
    assert strike(
        "timerfd_settime", 3, errno.EBADF, when="until struck", AIOGUEST_POLL_MODE=mode
    ) == ("result", "")


@both_modes
def test_no_pipe_for_signals(mode):
    """The run goes on, and it is told why signals may come late."""
    outcome, errors = strike("pipe2", 1, errno.EMFILE, AIOGUEST_POLL_MODE=mode)
    assert outcome == "result"
    assert "AioGuest can't watch for signals" in errors
    assert os.strerror(errno.EMFILE) in errors


@both_modes
def test_epoll_is_interrupted(mode):
    assert strike(
        "epoll_wait", 1, errno.EINTR, 20, when="inside", AIOGUEST_POLL_MODE=mode
    ) == ("result", "")


@both_modes
@pytest.mark.parametrize("number", [errno.EBADF, errno.EINVAL])
def test_epoll_fails(mode, number):
    """Once is enough for the run; it can still be drained."""
    outcome, errors = strike("epoll_wait", 2, number, when="inside", AIOGUEST_POLL_MODE=mode)
    assert outcome.startswith("OSError: ")
    assert os.strerror(number) in outcome
    assert errors == ""


@both_modes
def test_epoll_fails_for_ever(mode):
    """It can't be drained then: that is what comes of the main task."""
    outcome, errors = strike(
        "epoll_wait", 2, errno.EBADF, 1_000_000, when="inside", AIOGUEST_POLL_MODE=mode
    )
    assert outcome.startswith("OSError: ")
    assert errors == ""


@both_modes
def test_polls_are_interrupted(mode):
    for call in ("poll", "ppoll", "read", "write"):
        try:
            assert strike(
                call, 1, errno.EINTR, 10, when="inside", AIOGUEST_POLL_MODE=mode
            ) == ("result", "")
        except AssertionError as error:
            # Which one GLib and the library use depends on their versions and modes.
            if "never called" not in str(error):
                raise


#: GLib's warning, which PyGObject makes one of Python's; here filters make that an error.
CANNOT_POLL = f"Warning: poll(2) failed due to: {os.strerror(errno.ENOMEM)}."


def strike_each(calls, **options):
    """What comes of each call that fails, but for those that are never made."""
    outcomes = []
    for call in calls:
        try:
            outcomes.append(strike(*call, **options)[0])
        except AssertionError as error:
            if "never called" not in str(error):
                raise
    return outcomes


@pytest.mark.parametrize("count", [1, 3])
def test_main_context_cannot_poll(count):
    """As any exception out of the main loop: the run is drained, and it is raised."""
    # Which one GLib uses depends on its version.
    calls = [(call, 1, errno.ENOMEM, count) for call in ("poll", "ppoll")]
    outcomes = strike_each(calls, when="inside")
    assert outcomes and set(outcomes) == {CANNOT_POLL}


def test_main_context_cannot_poll_at_the_very_end():
    status, lines, errors = run_program("late_warning.py", env={"LD_PRELOAD": SHIM})
    assert (status, lines) == (0, [CANNOT_POLL, "struck", "None"]), errors


def test_polling_thread_cannot_poll():
    """Which poll is the thread's and which the main context's is a matter of timing, or of GLib's version."""
    told = f"OSError: the polling thread can't wait: {os.strerror(errno.ENOMEM)}"
    for nth in range(1, 5):
        # Otherwise the main task could end before the thread has told of its failure.
        outcome, _ = strike("poll", nth, errno.ENOMEM, when="until cancelled", **THREAD)
        assert outcome in (CANNOT_POLL, told)


@both_modes
def test_pipe_of_the_loop_is_full(mode):
    """asyncio's own: what other threads ask for is done though they could not write to it."""
    status, lines, errors = run_program("full_pipe.py", env={"AIOGUEST_POLL_MODE": mode})
    assert (status, lines, errors) == (0, ["full", "called 100 times", "result"], "")
