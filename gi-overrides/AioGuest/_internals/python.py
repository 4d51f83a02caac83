# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""CPython's private parts: threading, atexit and the end of a process."""

import atexit
import os
import signal
import sys
import threading
import traceback

try:
    # The functions of the module signal are these, and then look for the handler among the members of an
    # enum, in vain. Here SIG_DFL and SIG_IGN are numbers, which are equal to those members.
    from _signal import getsignal as get_signal_handler
    from _signal import signal as set_signal_handler
except ImportError:
    from signal import getsignal as get_signal_handler
    from signal import signal as set_signal_handler

__all__ = [
    'end_forked_child',
    'forget_dummy_thread',
    'get_signal_handler',
    'register_exit_function',
    'set_signal_handler',
]


def end_forked_child(error):  # pragma: no cover - ends what measures, too
    """End a child process that a step of its parent's loop has forked. *error* got out of the step, or is None.

    The stack is not unwound and the interpreter is not finalized: that would run and free things of the parent.
    A SystemExit or KeyboardInterrupt ends the child as it ends a program. Otherwise the step has come back to
    a loop that does not run in the child. That is an error: one line says so, and the ``atexit`` functions, which
    the parent has registered, are not called. Standard output and standard error are flushed in any case, as
    ``multiprocessing`` does.
    """
    status = os.EX_SOFTWARE
    try:
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            status = _end_as_program(error)
        else:
            _tell_of_return(error)
        _flush()
        if isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)
    finally:
        os._exit(status & 0xFF)


def _end_as_program(error):  # pragma: no cover
    """What Python does at its end before it frees anything; returns the exit status."""
    status = 128 + signal.SIGINT
    if isinstance(error, SystemExit):
        status = error.code
        if status is None:
            status = 0
        elif not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    else:
        sys.excepthook(type(error), error, error.__traceback__)
    # Private in both modules. Without them the child ends a bit earlier than a program.
    for module, name in (threading, '_shutdown'), (atexit, '_run_exitfuncs'):
        getattr(module, name, lambda: None)()
    return status


def _tell_of_return(error):  # pragma: no cover
    if error is not None:
        traceback.print_exception(error)
    print(
        f'AioGuest: process {os.getpid()} was forked inside a step of a task or callback, and came back to '
        f'the event loop, which runs only in its parent: use os._exit(), exec, multiprocessing or sys.exit()',
        file=sys.stderr,
    )


def _flush():  # pragma: no cover
    for file in sys.stdout, sys.stderr:
        if file is not None:
            file.flush()


def forget_dummy_thread():
    """Remove the entry that threading makes for a thread which it does not know, or no longer.

    From Python 3.12 on threading does so itself.
    """
    try:
        active, lock, dummy = threading._active, threading._active_limbo_lock, threading._DummyThread
    except AttributeError:
        return
    if isinstance(active.get(threading.get_ident()), dummy):
        with lock:
            active.pop(threading.get_ident(), None)


def register_exit_function(function):
    """Have *function* called when the interpreter exits, while threads can still be started.

    A plain ``atexit`` function is too late: executors have been shut down by then. *function* is
    called before the one that joins the threads of executors, because these may wait for the loop.
    If the interpreter is exiting already, *function* is not called: it is too late then.
    """
    try:
        # This registers the function that joins. The functions are called in the reverse order.
        import concurrent.futures.thread  # noqa: F401

        getattr(threading, '_register_atexit', atexit.register)(function)
    except RuntimeError:
        pass
