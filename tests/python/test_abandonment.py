# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs that are left in the middle: no hang, no crash, at most one warning."""

import os
import subprocess
import sys

import pytest

import support
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


@pytest.mark.parametrize("how", ["context_dropped_and_forks", "context_dropped_below_a_stock_loop_and_forks"])
def test_fork_in_a_step_without_a_host(how):
    """The children end as those of any other step: neither drains or closes the copy of the loop."""
    status, lines, errors = run_program("abandoned.py", how)
    assert status == 0, errors
    ends = [f"child {status}" for status in (3, os.EX_SOFTWARE, os.EX_SOFTWARE)]
    assert lines == ["stopped", "cleaned up", *ends, "dropped True None"]
    assert errors.count("came back to the event loop") == 2
    assert errors.count("ZeroDivisionError") == warnings(errors) == 1


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


CLEANED_UP = ["main cleaned up", "task cleaned up", "generator closed"]


def end_thread(how, before=(), after=()):
    """Everything comes to its end before the thread does, with one warning."""
    status, lines, errors = run_program("abandoned_thread.py", "python", how)
    assert status == 0, errors
    assert lines == [*before, *CLEANED_UP, *after, "joined"]
    assert warnings(errors) == 1
    assert "went away" in errors if how == "context_dropped" else "when its thread ended" in errors
    return errors


@pytest.mark.parametrize("how", [
    "context_dropped", "context_kept", "thread_default", "context_owned", "with_application",
])
def test_thread_ends(how):
    errors = end_thread(how)
    # That of the warning, where it is made an error.
    assert errors.count("Traceback") <= 1


def test_thread_ends_and_gio_is_awaited():
    status, lines, errors = run_program("abandoned_thread.py", "python", "thread_default_before")
    assert status == 0, errors
    assert sorted(lines[:-1]) == sorted([*CLEANED_UP, "Gio"])
    assert lines[-1] == "joined"
    assert warnings(errors) == 1


def test_thread_ends_with_an_exception():
    errors = end_thread("exception")
    assert errors.count("LookupError: out of the thread") == 1


def test_thread_ends_and_the_main_task_raises():
    errors = end_thread("main_raises")
    assert errors.count("LookupError: in answer") == 1


def test_thread_ends_and_the_main_task_does_not():
    status, lines, errors = run_program("abandoned_thread.py", "python", "stubborn")
    assert status == 0, errors
    assert lines == ["swallowed", "joined"]
    assert errors.count("when its thread ended") == 1
    assert errors.count("gave up") == 1


def test_thread_ends_with_work_in_the_executor():
    status, lines, errors = run_program("abandoned_thread.py", "python", "executor")
    assert status == 0, errors
    assert sorted(lines[:-1]) == sorted([*CLEANED_UP, "executor joined"])
    assert lines[-1] == "joined"
    assert warnings(errors) == 1


def test_thread_ends_and_what_it_stores_goes_with_it():
    end_thread("thread_local", after=["value freed"])


@pytest.mark.parametrize("maker", ["python", "c"])
@pytest.mark.parametrize("how", ["over", "event_loop"])
def test_thread_ends_with_nothing_going_on(maker, how):
    assert run_program("abandoned_thread.py", maker, how) == (0, ["joined"], "")


def test_context_dropped_on_a_thread_with_the_identifier_of_the_owner():
    # The second thread was given the first one's identifier, and lost its thread state.
    script = """
import asyncio, threading
import gi
gi.require_version("AioGuest", "1.0")
from gi.repository import AioGuest, GLib
from gi.overrides.AioGuest import _core

loop = asyncio.new_event_loop()
contexts = []

def own():
    context = GLib.MainContext()
    guest = _core.AsyncioGuest(loop)
    guest.run.connect("finished", lambda run, error: None)
    guest.attach(context)
    contexts.append((threading.get_ident(), context, guest.run))

def drop():
    if threading.get_ident() == contexts[0][0]:
        identifier, context, run = contexts.pop()
        del context
        print(run.props.state.value_nick)

def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()

in_thread(own)
for _ in range(1000):
    if contexts:
        in_thread(drop)
loop.close()
"""
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=support.PATIENCE
    )
    assert process.returncode == 0, process.stderr
    if not process.stdout:
        pytest.skip("the thread's identifier was not used again")
    assert process.stdout == "finished\n"
