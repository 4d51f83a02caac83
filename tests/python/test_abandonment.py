# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs that are left in the middle: no hang, no crash, at most one warning."""

import pytest

from program import run_program


def warnings(errors):
    return errors.count("ResourceWarning")


def test_interpreter_exits():
    """Drained, on its way out."""
    status, lines, errors = run_program("abandoned.py", "interpreter_exit")
    assert (status, lines) == (0, ["cleaned up"])
    assert warnings(errors) == 1
    assert "still going on when the interpreter exited" in errors


def test_interpreter_exits_while_an_executor_waits_for_the_loop():
    """Python would join its threads first, and so wait for ever."""
    status, lines, errors = run_program("abandoned.py", "interpreter_exit_beside_an_executor")
    assert (status, lines) == (0, ["cleaned up", "executor has heard of it"])
    assert warnings(errors) == 1


def test_started_and_never_iterated():
    """Its main task has not begun, so it has nothing to clean up."""
    status, lines, errors = run_program("abandoned.py", "never_iterated")
    assert (status, lines) == (0, [])
    assert warnings(errors) == 1


def test_exception_out_of_the_program():
    status, lines, errors = run_program("abandoned.py", "exception_out_of_run")
    assert (status, lines) == (1, ["cleaned up"])
    assert errors.count("LookupError: out of the program") == 1
    assert warnings(errors) == 1


@pytest.mark.parametrize("how", [
    "context_dropped", "context_dropped_below_a_stock_loop", "context_dropped_under_an_application",
])
def test_context_dropped(how):
    """There is nothing to be iterated any more: drained at once."""
    status, lines, errors = run_program("abandoned.py", how)
    assert status == 0, errors
    assert lines == ["stopped", "cleaned up", "dropped True None"]
    assert warnings(errors) == 1
    assert "the main context" in errors


def test_main_loop_dropped():
    """Only paused."""
    status, lines, errors = run_program("abandoned.py", "main_loop_dropped")
    assert (status, lines) == (0, ["stopped", "goes on", "cleaned up"])
    assert warnings(errors) == 1


def test_interpreter_exits_beside_a_daemon_thread():
    """Which can't clean up any more: no hang and no crash."""
    assert run_program("abandoned.py", "daemon_thread") == (0, [], "")


def test_os_exit():
    """At once, as asked for."""
    assert run_program("abandoned.py", "os_exit") == (5, [], "")


@pytest.mark.parametrize("what", [
    "exits", "os_exits", "executes", "raises", "iterates", "collects", "is_interrupted",
    "runs_asyncio", "runs_aioguest", "leaves_the_pipe", "beside_a_thread",
])
def test_fork(what):
    """The run is the parent's: it goes on, and is cleaned up once."""
    status, lines, errors = run_program("forked.py", what)
    assert (status, lines[:2]) == (0, ["child 1", "goes on"]), errors
    assert sorted(lines[2:]) == ["cleaned up", "generator closed"]
    assert warnings(errors) == 1
    assert errors.count("Traceback") <= 1


GOES_ON = ["parent next callback", "parent goes on"]
ENDS = ["parent same round", "parent atexit", "parent main cleaned up", "parent other cleaned up"]


def fork_inside(host, where, what, *, status=3, lines=(), lines_of_fork=GOES_ON):
    """The child ends as it should, and of the parent's run all goes on, once; returns the errors."""
    program = ("forked_inside.py", host, where, what)
    parent_status, got, errors = run_program(*program)
    assert (parent_status, sorted(got)) == (
        0, sorted([f"parent saw {status}", *lines_of_fork, *ENDS, *lines])
    ), errors
    return errors


HOSTS = pytest.mark.parametrize("host", ["start", "run", "application"])
OTHER_HOSTS = pytest.mark.parametrize("host", ["runner", "thread", "stock", "debug"])
STEPS = pytest.mark.parametrize("where", ["in_step", "in_callback", "in_wait", "in_nested_step"])
PLACES = pytest.mark.parametrize("where", [
    "in_step", "in_callback", "in_wait", "in_nested_step", "in_eager_step", "in_handler", "in_host",
    "in_host_in_wait", "in_host_in_step",
])


@HOSTS
@PLACES
def test_fork_inside_and_exit(host, where):
    """As Python ends: at once, and none of the parent's tasks is cleaned up."""
    assert fork_inside(host, where, "exits", lines=["child atexit"]) == ""


@OTHER_HOSTS
@STEPS
def test_fork_inside_another_host_and_exit(host, where):
    assert fork_inside(host, where, "exits", lines=["child atexit"]) == ""


@PLACES
def test_fork_inside_and_exit_with_text(where):
    errors = fork_inside("start", where, "exits_with_text", status=1, lines=["child atexit"])
    assert errors == "farewell\n"


@pytest.mark.parametrize("what", ["os_exits", "executes"])
@PLACES
def test_fork_inside_and_go(where, what):
    assert fork_inside("start", where, what) == ""


def test_fork_inside_handler_on_thread_and_exit():
    """Its eager step is none of a tick's."""
    assert fork_inside("thread", "in_handler", "exits", lines=["child atexit"]) == ""


@pytest.mark.parametrize("host", ["start", "thread"])
@pytest.mark.parametrize("where", ["in_step", "in_handler"])
def test_fork_inside_and_fork_again(host, where):
    assert fork_inside(host, where, "forks_again", lines=["child atexit"]) == ""


def test_fork_inside_thread_and_exit_with_text():
    errors = fork_inside("thread", "in_step", "exits_with_text", status=1, lines=["child atexit"])
    assert errors == "farewell\n"


def test_fork_inside_thread_and_ctrl_c():
    errors = fork_inside("thread", "in_step", "interrupts", status=-2, lines=["child atexit"])
    assert errors.endswith("KeyboardInterrupt\n")
    assert errors.count("Traceback") == 1


@pytest.mark.parametrize("host", ["start", "run"])
@pytest.mark.parametrize("what", ["interrupts", "is_interrupted"])
@pytest.mark.parametrize("where", [
    "in_step", "in_callback", "in_wait", "in_nested_step", "in_handler",
])
def test_fork_inside_and_ctrl_c(host, where, what):
    """As of a program that has no run: by the signal, which a shell tells of as 130."""
    errors = fork_inside(host, where, what, status=-2, lines=["child atexit"])
    assert errors.endswith("KeyboardInterrupt\n")
    assert errors.count("Traceback") == 1


@HOSTS
@STEPS
@pytest.mark.parametrize("what", ["returns", "schedules"])
def test_fork_inside_and_return(host, where, what):
    """The child is back in the host's main loop, without the run; and run() can but say so."""
    assert fork_inside(host, where, what) == ""


@PLACES
@pytest.mark.parametrize("what", ["waits", "nests", "runs_asyncio", "runs_aioguest"])
def test_fork_inside_and_begin_anew(where, what):
    assert fork_inside("start", where, what, lines=["child atexit"]) == ""


def test_fork_inside_and_raise():
    """Reported, and the child is back in the host's main loop."""
    errors = fork_inside("start", "in_callback", "raises")
    assert errors.count("Traceback") == errors.count("LookupError: in the child") == 1


@pytest.mark.parametrize("host, status", [("start", 3), ("run", 1)])
def test_fork_in_main_task_and_raise(host, status):
    """Its step is the child's, up to its end: so is the exception."""
    lines = ["child main cleaned up"] + ["child atexit"] * (status == 1)
    errors = fork_inside(host, "in_main", "raises", status=status, lines=lines)
    assert errors.count("Traceback") == errors.count("LookupError: in the child") == 1


def test_fork_inside_runner_and_return():
    """asyncio's own way of saying so, and it can't reach into the parent's loop."""
    assert fork_inside("runner", "in_step", "returns") == ""


@HOSTS
@pytest.mark.parametrize("what, status", [("exits", 3), ("raises", 1)])
def test_fork_by_multiprocessing(host, what, status):
    errors = fork_inside(
        host, "in_multiprocessing", what, status=status, lines_of_fork=["parent goes on"]
    )
    assert errors.count("Traceback") == errors.count("LookupError: in the child") == (what == "raises")


CLEANED_UP = ["main cleaned up", "task cleaned up", "generator closed"]


def end_thread(maker, how, before=(), after=()):
    """Everything comes to its end before the thread does, with one warning."""
    status, lines, errors = run_program("abandoned_thread.py", maker, how)
    assert status == 0, errors
    assert lines == [*before, *CLEANED_UP, *after, "joined"]
    assert warnings(errors) == 1
    assert "went away" in errors if how == "context_dropped" else "when its thread ended" in errors
    return errors


MAKERS = pytest.mark.parametrize("maker", ["python", "c"])


@MAKERS
@pytest.mark.parametrize("how", [
    "context_dropped", "context_kept", "thread_default", "context_owned", "with_application",
])
def test_thread_ends(maker, how):
    errors = end_thread(maker, how)
    # That of the warning, where it is made an error.
    assert errors.count("Traceback") <= 1


@MAKERS
def test_thread_ends_and_gio_is_awaited(maker):
    status, lines, errors = run_program("abandoned_thread.py", maker, "thread_default_before")
    assert status == 0, errors
    assert sorted(lines[:-1]) == sorted([*CLEANED_UP, "Gio"])
    assert lines[-1] == "joined"
    assert warnings(errors) == 1


@MAKERS
def test_thread_ends_with_an_exception(maker):
    errors = end_thread(maker, "exception")
    assert errors.count("LookupError: out of the thread") == 1


@MAKERS
def test_thread_ends_and_the_main_task_raises(maker):
    errors = end_thread(maker, "main_raises")
    assert errors.count("LookupError: in answer") == 1


@MAKERS
def test_thread_ends_and_the_main_task_does_not(maker):
    status, lines, errors = run_program("abandoned_thread.py", maker, "stubborn")
    assert status == 0, errors
    assert lines == ["swallowed", "joined"]
    assert errors.count("when its thread ended") == 1
    assert errors.count("gave up") == 1


@MAKERS
def test_thread_ends_with_work_in_the_executor(maker):
    status, lines, errors = run_program("abandoned_thread.py", maker, "executor")
    assert status == 0, errors
    assert sorted(lines[:-1]) == sorted([*CLEANED_UP, "executor joined"])
    assert lines[-1] == "joined"
    assert warnings(errors) == 1


@MAKERS
def test_thread_ends_and_what_it_stores_goes_with_it(maker):
    end_thread(maker, "thread_local", after=["value freed"])


@MAKERS
@pytest.mark.parametrize("how", ["over", "event_loop"])
def test_thread_ends_with_nothing_going_on(maker, how):
    assert run_program("abandoned_thread.py", maker, how) == (0, ["joined"], "")
