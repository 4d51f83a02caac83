# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The process that programs of the tests are forked from: it has imported what they all import.

To start an interpreter and import asyncio, PyGObject and AioGuest takes longer than most of the programs
do. A fork of a process that has done so already runs its program as a new interpreter would:
as ``__main__``, from its first line to the end of the interpreter.

    python -c "from program_server import serve; exec(serve(SOCKET))"

Each message on the socket is a JSON list: environment variables of a program, its path and its arguments. It comes
with three descriptors: the program's standard output, its standard error, and one to which its process ID and then
its exit status are written, a line each.
"""

import json
import os
import signal
import socket
import sys

__all__ = ["serve"]


def import_what_programs_need():
    import asyncio  # noqa: F401
    import concurrent.futures  # noqa: F401
    import ctypes  # noqa: F401
    import multiprocessing  # noqa: F401

    import gi

    gi.require_version("AioGuest", "1.0")
    from gi.repository import AioGuest, Gio, GLib  # noqa: F401


def become_program(env, path, args, output, errors):
    """Be what `python path args...` would be; return its code, for __main__ to execute."""
    os.environ.update(env)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, output, errors)):
        os.dup2(stream, number)
        os.close(stream)
    sys.argv = [path, *args]
    sys.path[0] = os.path.dirname(path)
    main = sys.modules["__main__"]
    del main.serve
    main.__file__ = path
    with open(path, encoding="utf-8") as file:
        return compile(file.read(), path, "exec")


def supervise(pid, status):
    """Tell of the program and its end; the server itself must not wait for it."""
    os.write(status, f"{pid}\n".encode())
    _, wait_status = os.waitpid(pid, 0)
    os.write(status, f"{os.waitstatus_to_exitcode(wait_status)}\n".encode())


def bury_supervisors():
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


def serve(number):
    """Fork for each request until the socket is closed. In each fork, return the program's code."""
    control = socket.socket(fileno=number)
    import_what_programs_need()
    # What Ctrl-C ends is the tests, and with them this.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 65536, 3)
        bury_supervisors()
        if not message:
            control.close()
            sys.exit()

        if os.fork() == 0:
            control.close()
            break
        for descriptor in descriptors:
            os.close(descriptor)

    output, errors, status = descriptors
    pid = os.fork()
    if pid != 0:
        os.close(output)
        os.close(errors)
        supervise(pid, status)
        os._exit(0)

    os.close(status)
    env, path, *args = json.loads(message)
    return become_program(env, path, args, output, errors)
