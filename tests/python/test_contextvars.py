# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Context variables follow tasks and callbacks as under asyncio."""

import asyncio
import contextvars

import pytest
from gi.repository import GLib

import support

pytestmark = pytest.mark.every_host

variable = contextvars.ContextVar("variable", default="default")


def test_each_task_has_its_own(run):
    async def child(value):
        variable.set(value)
        await asyncio.sleep(0.001)
        return variable.get()

    async def main():
        values = await asyncio.gather(*(child(i) for i in range(20)))
        return values, variable.get()

    assert run(main()) == (list(range(20)), "default")


def test_callbacks_inherit(run):
    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        variable.set("at call_soon")
        loop.call_soon(lambda: over.set_result(variable.get()))
        variable.set("later")
        return await over

    assert run(main()) == "at call_soon"


def test_callback_with_explicit_context(run):
    context = contextvars.copy_context()
    context.run(variable.set, "explicit")

    async def main():
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        loop.call_soon(lambda: over.set_result(variable.get()), context=context)
        return await over

    assert run(main()) == "explicit"


def test_timers_and_threads_inherit(run):
    async def main():
        loop = asyncio.get_running_loop()
        variable.set("mine")
        first, second = loop.create_future(), loop.create_future()
        loop.call_later(0.001, lambda: first.set_result(variable.get()))
        loop.call_soon_threadsafe(lambda: second.set_result(variable.get()))
        return await first, await second

    assert run(main()) == ("mine", "mine")


def test_context_of_start():
    context = contextvars.copy_context()
    context.run(variable.set, "given")

    async def main():
        value = variable.get()
        variable.set("changed by main")
        await asyncio.sleep(0)
        return value, variable.get()

    assert support.run_owning(main(), context=context) == ("given", "changed by main")
    assert context[variable] == "changed by main"
    assert variable.get() == "default"


def test_start_inherits_the_callers_context():
    async def main():
        return variable.get()

    token = variable.set("the caller's")
    try:
        assert support.run_owning(main()) == "the caller's"
    finally:
        variable.reset(token)


def test_host_callbacks_keep_theirs():
    seen = []

    async def main():
        variable.set("the guest's")
        over = asyncio.Event()
        GLib.idle_add(lambda: (seen.append(variable.get()), over.set()) and None)
        await over.wait()

    support.run_in_main_loop(main())
    assert seen == ["default"]


def test_task_context_argument(run):
    context = contextvars.copy_context()

    async def child():
        variable.set("in the child")

    async def main():
        await asyncio.create_task(child(), context=context)

    run(main())
    assert context[variable] == "in the child"
