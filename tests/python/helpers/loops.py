# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our loops beside asyncio's, for tests of what EventLoop has in C."""

import asyncio
import contextlib
import sys

import pytest
from gi.repository import AioGuest


def make(loop_class, debug=False):
    loop = loop_class()
    loop.set_debug(debug)
    return contextlib.closing(loop)


@pytest.fixture
def loop():
    with make(AioGuest.EventLoop) as loop:
        yield loop


@pytest.fixture
def stock():
    with make(asyncio.SelectorEventLoop) as loop:
        yield loop


def functions_called(function, *args, **kwargs):
    """The names of asyncio's Python functions that a call goes through."""
    names = []

    def profile(frame, event, arg):
        if event == "call" and "asyncio" in frame.f_code.co_filename:
            names.append(frame.f_code.co_name)

    sys.setprofile(profile)
    try:
        function(*args, **kwargs)
    finally:
        sys.setprofile(None)
    return names


def outcome_of(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Exception as error:
        return type(error), str(error)
    return None


def slots_of(handle):
    names = [*asyncio.Handle.__slots__, *getattr(type(handle), "__slots__", ())]
    values = {name: getattr(handle, name) for name in names if name != "__weakref__"}
    del values["_loop"], values["_context"]
    return values


@contextlib.contextmanager
def overriding(loop, where, name, function):
    """A loop one of whose methods is *function*: *loop* itself, or another one of a type that has it,
    or that inherits it from beside ``AioGuest.EventLoop``."""
    if where == "instance":
        setattr(loop, name, function.__get__(loop))
        yield loop
        return
    if where == "type":
        kind = type("Loop", (AioGuest.EventLoop,), {name: function})
    else:
        below = type("Below", (asyncio.SelectorEventLoop,), {name: function})
        kind = type("Loop", (AioGuest.EventLoop, below), {})
    with make(kind) as made:
        yield made
