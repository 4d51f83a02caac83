# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.handler(): asynchronous functions as signal handlers."""

import asyncio
import functools
import gc
from unittest import mock

import pytest
from gi.repository import AioGuest, GLib, GObject

import support
from collected import Collected


class Emitter(GObject.Object):
    @GObject.Signal
    def emitted(self):
        pass

    @GObject.Signal(arg_types=(int,))
    def numbered(self, number):
        pass

    @GObject.Signal(return_type=bool, accumulator=GObject.signal_accumulator_true_handled)
    def asked(self):
        pass


def emitting(main):
    """Run with an emitter, the emissions coming from host callbacks."""
    emitter = Emitter()

    async def around():
        return await main(emitter)

    return support.run_in_main_loop(around())


async def emit(emitter, *args):
    over = asyncio.get_running_loop().create_future()
    GLib.idle_add(lambda: over.set_result(emitter.emit(*args)))
    return await over


@pytest.mark.parametrize("wrap", [
    lambda function: functools.partial(function, "bound"),
    lambda function: functools.partial(functools.partial(function), "bound"),
    lambda function: mock.AsyncMock(side_effect=functools.partial(function, "bound")),
], ids=["partial", "two partials", "AsyncMock"])
def test_async_function_without_a_name(wrap):
    calls = Collected()

    async def on_numbered(*args):
        await asyncio.sleep(0)
        calls.append(args)

    async def main(emitter):
        AioGuest.handler(wrap(on_numbered))(emitter, 7)
        await calls.until()
        assert calls == [("bound", emitter, 7)]

    emitting(main)


def test_called_with_the_signals_arguments():
    calls = Collected()

    @AioGuest.handler
    async def on_numbered(emitter, number, data):
        await asyncio.sleep(0.001)
        calls.append((emitter, number, data))

    async def main(emitter):
        emitter.connect("numbered", on_numbered, "data")
        await emit(emitter, "numbered", 7)
        await calls.until()
        assert calls == [(emitter, 7, "data")]

    emitting(main)


def test_eager_start():
    order = Collected()

    @AioGuest.handler
    async def on_emitted(emitter):
        order.append("first step")
        await asyncio.sleep(0)
        order.append("second step")

    async def main(emitter):
        emitter.connect("emitted", on_emitted)
        over = asyncio.get_running_loop().create_future()

        def in_host():
            emitter.emit("emitted")
            order.append("emitted")
            over.set_result(None)

        GLib.idle_add(in_host)
        await over
        await order.has("second step")

    emitting(main)
    assert order == ["first step", "emitted", "second step"]


def test_not_eager():
    order = Collected()

    async def work(emitter):
        order.append("first step")

    async def main(emitter):
        emitter.connect("emitted", AioGuest.handler(work, eager=False))
        over = asyncio.get_running_loop().create_future()

        def in_host():
            emitter.emit("emitted")
            order.append("emitted")
            over.set_result(None)

        GLib.idle_add(in_host)
        await over
        await order.has("first step")

    emitting(main)
    assert order == ["emitted", "first step"]


@pytest.mark.parametrize("answer", [True, False])
def test_returns(answer):
    async def work(emitter):
        await asyncio.sleep(0)

    async def main(emitter):
        emitter.connect("asked", AioGuest.handler(work, returns=answer))
        return await emit(emitter, "asked")

    assert emitting(main) is answer


def test_decorator_with_options():
    @AioGuest.handler(returns=True)
    async def on_asked(emitter):
        await asyncio.sleep(0)

    async def main(emitter):
        emitter.connect("asked", on_asked)
        return await emit(emitter, "asked")

    assert emitting(main) is True


@pytest.mark.parametrize("while_running, expected", [
    ("run", ["start 0", "start 1", "start 2", "end 0", "end 1", "end 2"]),
    ("drop", ["start 0", "end 0"]),
    ("queue", ["start 0", "end 0", "start 1", "end 1", "start 2", "end 2"]),
])
def test_while_running(while_running, expected):
    order = Collected()

    async def work(emitter, number):
        order.append(f"start {number}")
        await gate.wait()
        order.append(f"end {number}")

    async def main(emitter):
        emitter.connect("numbered", AioGuest.handler(work, while_running=while_running))
        for number in range(3):
            await emit(emitter, "numbered", number)
        gate.set()
        await order.reaches(len(expected))
        # And nothing more.
        await asyncio.sleep(0.01)

    gate = asyncio.Event()
    emitting(main)
    assert order == expected


def test_drop_takes_the_next_one_after_the_end():
    numbers = Collected()

    async def work(emitter, number):
        await asyncio.sleep(0.001)
        numbers.append(number)

    async def main(emitter):
        emitter.connect("numbered", AioGuest.handler(work, while_running="drop"))
        for number in range(3):
            await emit(emitter, "numbered", number)
            await numbers.has(number)
            # The handler's task itself is done one step later.
            await asyncio.sleep(0.001)

    emitting(main)
    assert numbers == [0, 1, 2]


def test_failure_is_reported_at_once():
    contexts = Collected()

    @AioGuest.handler
    async def on_emitted(emitter):
        await asyncio.sleep(0)
        raise LookupError("in the handler")

    async def main(emitter):
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: contexts.append(context)
        )
        emitter.connect("emitted", on_emitted)
        await emit(emitter, "emitted")
        await contexts.until()
        assert [type(context["exception"]) for context in contexts] == [LookupError]
        assert contexts[0]["message"] == "Exception in the handler on_emitted()"

    emitting(main)
    gc.collect()
    assert len(contexts) == 1


def test_failure_of_one_does_not_stop_the_queue():
    numbers = Collected()

    async def work(emitter, number):
        await asyncio.sleep(0)
        if number == 0:
            raise LookupError("the first")
        numbers.append(number)

    async def main(emitter):
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        emitter.connect("numbered", AioGuest.handler(work, while_running="queue"))
        for number in range(3):
            await emit(emitter, "numbered", number)
        await numbers.reaches(2)

    emitting(main)
    assert numbers == [1, 2]


def test_method():
    class Controller:
        def __init__(self):
            self.calls = Collected()

        @AioGuest.handler
        async def on_numbered(self, emitter, number):
            await asyncio.sleep(0)
            self.calls.append(number)

    controller = Controller()

    async def main(emitter):
        emitter.connect("numbered", controller.on_numbered)
        await emit(emitter, "numbered", 3)
        await controller.calls.until()

    emitting(main)
    assert controller.calls == [3]


def test_name_and_docstring_are_kept():
    @AioGuest.handler
    async def on_emitted(emitter):
        """Handles it."""

    assert on_emitted.__name__ == "on_emitted"
    assert on_emitted.__doc__ == "Handles it."
