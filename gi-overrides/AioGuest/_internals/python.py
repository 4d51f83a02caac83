# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What of CPython itself is private: threading, atexit and the end of a process."""

import atexit
import os
import signal
import sys
import threading

__all__ = [
    'end_without_finalizing',
    'forget_dummy_thread',
    'register_exit_function',
]


def end_without_finalizing(error):  # pragma: no cover - ends what measures, too
    """End a child that a thread has forked as *error*, which ends programs, ends one.

    Python would look for its main thread to finalize itself, and crash, from 3.13 on.
    """
    status = 128 + signal.SIGINT
    try:
        if isinstance(error, SystemExit):
            status = error.code
            if status is None:
                status = 0
            elif not isinstance(status, int):
                print(status, file=sys.stderr)
                status = 1
        else:
            sys.excepthook(type(error), error, error.__traceback__)
        atexit._run_exitfuncs()
        for file in sys.stdout, sys.stderr:
            if file is not None:
                file.flush()
        if isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)
    finally:
        os._exit(status & 0xFF)


def forget_dummy_thread():
    """Take back the entry that threading makes up for a thread which it has not, or no more.

    It does so itself from Python 3.12 on.
    """
    active = getattr(threading, '_active', {})
    if isinstance(active.get(threading.get_ident()), threading._DummyThread):
        with threading._active_limbo_lock:
            active.pop(threading.get_ident(), None)


def register_exit_function(function):
    """Have *function* called when the interpreter exits, while threads can still be started.

    A plain ``atexit`` function is too late: executors have been shut down by then. Nor must it be
    called after the one that joins the threads of executors: these may wait for the loop. When the
    interpreter is exiting it is too late for any of it, and *function* is not called.
    """
    try:
        # Theirs is registered by this, and the functions are called in the reverse order.
        import concurrent.futures.thread  # noqa: F401

        getattr(threading, '_register_atexit', atexit.register)(function)
    except RuntimeError:
        pass
