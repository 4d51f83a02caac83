# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.handler(): calls while earlier ones are going on; who is told of what."""

import asyncio
import gc
import traceback
import warnings
import weakref

import pytest
from gi.repository import AioGuest, GLib, GObject

import support
from collected import Collected


class Emitter(GObject.Object):
    @GObject.Signal(arg_types=(int,))
    def numbered(self, number):
        pass

    @GObject.Signal(
        return_type=bool, arg_types=(int,), accumulator=GObject.signal_accumulator_true_handled
    )
    def asked(self, number):
        pass


class Steps:
    """A handler whose calls each wait until they are let go."""

    def __init__(self, **options):
        self.order = Collected()
        self.gates = {}
        self.handler = AioGuest.handler(self._work, **options)

    async def _work(self, emitter, number):
        self.gates[number] = asyncio.get_running_loop().create_future()
        self.order.append(f"start {number}")
        try:
            await self.gates[number]
        except asyncio.CancelledError:
            # The next one waits for this, too.
            await asyncio.sleep(0.002)
            self.order.append(f"cancelled {number}")
            raise
        self.order.append(f"end {number}")

    async def finish(self, number):
        self.gates[number].set_result(None)
        await settled()


async def settled():
    """Until everything that is ready has run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def in_host(function, *args):
    over = asyncio.get_running_loop().create_future()
    GLib.idle_add(lambda: over.set_result(function(*args)))
    return await over


def test_run_both(run):
    steps = Steps()

    async def main():
        emitter = Emitter()
        emitter.connect("numbered", steps.handler)
        for number in range(3):
            await in_host(emitter.emit, "numbered", number)
        for number in (1, 0, 2):
            await steps.finish(number)

    run(main())
    assert steps.order == ["start 0", "start 1", "start 2", "end 1", "end 0", "end 2"]


def test_drop(run):
    steps = Steps(while_running="drop")

    async def main():
        emitter = Emitter()
        emitter.connect("numbered", steps.handler)
        for number in range(3):
            await in_host(emitter.emit, "numbered", number)
        await steps.finish(0)
        await in_host(emitter.emit, "numbered", 3)
        await steps.finish(3)

    run(main())
    assert steps.order == ["start 0", "end 0", "start 3", "end 3"]


def test_queue(run):
    steps = Steps(while_running="queue")

    async def main():
        emitter = Emitter()
        emitter.connect("numbered", steps.handler)
        for number in range(3):
            await in_host(emitter.emit, "numbered", number)
        for number in range(3):
            await steps.finish(number)

    run(main())
    assert steps.order == ["start 0", "end 0", "start 1", "end 1", "start 2", "end 2"]


def test_restart(run):
    """The earlier one has ended, its clean-up included, before the last one begins."""
    steps = Steps(while_running="restart")

    async def main():
        emitter = Emitter()
        emitter.connect("numbered", steps.handler)
        for number in range(4):
            await in_host(emitter.emit, "numbered", number)
        await steps.order.has("start 3")
        await steps.finish(3)

    run(main())
    assert steps.order[0] == "start 0"
    assert steps.order[-2:] == ["start 3", "end 3"]
    running = set()
    for step in steps.order:
        what, number = step.split()
        running ^= {number}
        assert len(running) <= 1
    assert "end 0" not in steps.order


class Announced:
    """A handler whose last line lets somebody know that it is over."""

    def __init__(self, **options):
        self.order = Collected()
        self.over = {}
        self.handler = AioGuest.handler(self._work, **options)

    async def _work(self, emitter, number):
        self.order.append(f"start {number}")
        await asyncio.sleep(0)
        self.order.append(f"end {number}")
        self.over[number].set_result(None)


@pytest.mark.parametrize("while_running", ["drop", "queue", "restart"])
def test_call_between_the_end_and_its_done_callback(run, while_running):
    """The earlier one has ended: the next one begins."""
    announced = Announced(while_running=while_running)

    async def main():
        emitter = Emitter()
        emitter.connect("numbered", announced.handler)
        for number in range(3):
            over = announced.over[number] = asyncio.get_running_loop().create_future()
            emitter.emit("numbered", number)
            assert announced.order[-1] == f"start {number}"
            await over

    run(main())


def test_queue_keeps_its_order_between_the_end_and_its_done_callback(run):
    announced = Announced(while_running="queue")

    async def main():
        emitter = Emitter()
        emitter.connect("numbered", announced.handler)
        loop = asyncio.get_running_loop()
        announced.over = {number: loop.create_future() for number in range(3)}
        emitter.emit("numbered", 0)
        emitter.emit("numbered", 1)
        await announced.over[0]
        emitter.emit("numbered", 2)
        await announced.over[2]

    run(main())
    assert announced.order == ["start 0", "end 0", "start 1", "end 1", "start 2", "end 2"]


@pytest.mark.parametrize("while_running", ["drop", "queue", "restart"])
def test_each_object_has_its_own(run, while_running):
    steps = Steps(while_running=while_running)

    async def main():
        emitters = [Emitter(), Emitter()]
        for number, emitter in enumerate(emitters):
            emitter.connect("numbered", steps.handler)
            await in_host(emitter.emit, "numbered", number)
        for number in range(2):
            await steps.finish(number)

    run(main())
    assert steps.order == ["start 0", "start 1", "end 0", "end 1"]


def test_each_instance_of_a_class_has_its_own(run):
    order = []

    class Controller:
        @AioGuest.handler(while_running="drop")
        async def on_numbered(self, emitter, number):
            order.append((self, number))
            await asyncio.sleep(3600)

    controllers = [Controller(), Controller()]

    async def main():
        emitter = Emitter()
        for controller in controllers:
            emitter.connect("numbered", controller.on_numbered)
        for number in range(2):
            await in_host(emitter.emit, "numbered", number)

    run(main())
    assert order == [(controller, 0) for controller in controllers]


@pytest.mark.parametrize("while_running", ["run", "drop", "queue", "restart"])
def test_failure_leaves_the_handler_usable(run, while_running):
    order, contexts = [], []

    @AioGuest.handler(while_running=while_running)
    async def on_numbered(emitter, number):
        await asyncio.sleep(0)
        order.append(number)
        raise LookupError(number)

    async def main():
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: contexts.append(context)
        )
        emitter = Emitter()
        emitter.connect("numbered", on_numbered)
        for number in range(3):
            await in_host(emitter.emit, "numbered", number)
            await settled()

    run(main())
    assert order == [0, 1, 2]
    assert [context["exception"].args for context in contexts] == [(0,), (1,), (2,)]


@pytest.mark.parametrize("while_running", ["drop", "queue", "restart"])
@pytest.mark.parametrize("eager", [True, False])
def test_call_that_ends_at_once(run, while_running, eager):
    numbers = []

    @AioGuest.handler(while_running=while_running, eager=eager)
    async def on_numbered(emitter, number):
        numbers.append(number)

    async def main():
        emitter = Emitter()
        emitter.connect("numbered", on_numbered)
        for number in range(3):
            await in_host(emitter.emit, "numbered", number)
            await settled()

    run(main())
    assert numbers == [0, 1, 2]


def test_call_from_inside_itself(run):
    """The handler emits the signal that it handles."""
    order = []

    @AioGuest.handler(while_running="drop")
    async def on_numbered(emitter, number):
        order.append(number)
        emitter.emit("numbered", number + 1)
        await asyncio.sleep(0)
        order.append("over")

    async def main():
        emitter = Emitter()
        emitter.connect("numbered", on_numbered)
        await in_host(emitter.emit, "numbered", 0)
        await settled()

    run(main())
    assert order == [0, "over"]


def test_second_click_finds_the_button_insensitive(run):
    """The first step is run before the emission returns."""
    clicks = []

    @AioGuest.handler
    async def on_numbered(emitter, number):
        if emitter.sensitive:
            emitter.sensitive = False
            clicks.append(number)
            await asyncio.sleep(0.001)
            emitter.sensitive = True

    async def main():
        emitter = Emitter()
        emitter.sensitive = True
        emitter.connect("numbered", on_numbered)

        def two():
            emitter.emit("numbered", 0)
            emitter.emit("numbered", 1)

        await in_host(two)
        await asyncio.sleep(0.01)
        await in_host(emitter.emit, "numbered", 2)

    run(main())
    assert clicks == [0, 2]


def test_returns_by_a_function(run):
    @AioGuest.handler(returns=lambda emitter, number: number > 1)
    async def on_asked(emitter, number):
        await asyncio.sleep(0)

    async def main():
        emitter = Emitter()
        emitter.connect("asked", on_asked)
        return [await in_host(emitter.emit, "asked", number) for number in range(4)]

    assert run(main()) == [False, False, True, True]


@pytest.mark.parametrize("while_running", ["run", "drop", "queue", "restart"])
def test_returns_whatever_becomes_of_the_call(run, while_running):
    @AioGuest.handler(returns=True, while_running=while_running)
    async def on_asked(emitter, number):
        await asyncio.sleep(3600)

    async def main():
        emitter = Emitter()
        emitter.connect("asked", on_asked)
        return [await in_host(emitter.emit, "asked", number) for number in range(3)]

    assert run(main()) == [True] * 3


def test_report_is_told_in_the_same_turn_once_with_a_traceback(run):
    contexts = []

    async def deep():
        raise LookupError("deep down")

    @AioGuest.handler
    async def on_numbered(emitter, number):
        await deep()

    async def main():
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: contexts.append(context)
        )
        emitter = Emitter()
        emitter.connect("numbered", on_numbered)
        await in_host(lambda: (emitter.emit("numbered", 1), len(contexts)))
        await settled()

    run(main())
    gc.collect()
    assert len(contexts) == 1
    frames = traceback.extract_tb(contexts[0]["exception"].__traceback__)
    assert [frame.name for frame in frames][-2:] == ["on_numbered", "deep"]


def test_cancelled_calls_are_silent(run, errors):
    tasks = []

    @AioGuest.handler
    async def on_numbered(emitter, number):
        tasks.append(asyncio.current_task())
        await asyncio.sleep(3600)

    async def main():
        emitter = Emitter()
        emitter.connect("numbered", on_numbered)
        await in_host(emitter.emit, "numbered", 1)
        tasks[0].cancel()
        await settled()
        # And one by the end of the run.
        await in_host(emitter.emit, "numbered", 2)

    run(main())
    assert [task.cancelled() for task in tasks] == [True, True]
    assert errors() == []


@pytest.mark.parametrize("while_running", ["run", "drop", "queue", "restart"])
def test_nothing_keeps_the_object_alive(run, while_running):
    @AioGuest.handler(while_running=while_running)
    async def on_numbered(emitter, number):
        await asyncio.sleep(0)

    async def main():
        emitter = Emitter()
        emitter.connect("numbered", on_numbered)
        for number in range(3):
            await in_host(emitter.emit, "numbered", number)
        await settled()
        reference = weakref.ref(emitter)
        del emitter
        gc.collect()
        return reference() is None

    assert run(main())


def test_nothing_is_kept_of_calls_that_are_done(run):
    """Neither of those that end at once nor of those that go on, whatever their object."""
    from gi.overrides.AioGuest._handler_calls import Calls

    def count():
        gc.collect()
        return sum(type(thing) is Calls for thing in gc.get_objects())

    @AioGuest.handler(while_running="queue")
    async def on_numbered(emitter, number):
        for _ in range(number):
            await asyncio.sleep(0)

    async def main():
        before = count()
        emitters = [Emitter() for _ in range(20)]
        for number, emitter in enumerate(emitters):
            emitter.connect("numbered", on_numbered)
            await in_host(emitter.emit, "numbered", number % 2)
        await settled()
        return count() - before

    assert run(main()) == 0


@pytest.mark.parametrize("while_running", ["queue", "restart"])
def test_calls_that_wait_when_the_run_ends(while_running, errors):
    """They are not begun, and nobody complains; the next run begins afresh."""
    numbers = []
    emitter = Emitter()

    @AioGuest.handler(while_running=while_running)
    async def on_numbered(emitter, number):
        numbers.append(number)
        await asyncio.sleep(3600)

    async def main(first):
        for number in range(first, first + 3):
            await in_host(emitter.emit, "numbered", number)

    emitter.connect("numbered", on_numbered)
    support.run_owning(main(0))
    ran = len(numbers)
    support.run_owning(main(10))
    assert numbers[0] == 0
    assert numbers[ran] == 10
    assert errors() == []


@pytest.mark.parametrize("while_running", ["queue", "drop"])
def test_call_given_up_with_its_run_is_not_waited_for(while_running):
    """It will never be done: the next run's calls do not queue behind it."""
    numbers = []
    emitter = Emitter()

    @AioGuest.handler(while_running=while_running)
    async def on_numbered(emitter, number):
        numbers.append(number)
        while number == 0:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass

    async def main(number):
        await in_host(emitter.emit, "numbered", number)

    emitter.connect("numbered", on_numbered)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "AioGuest gave up", ResourceWarning)
        support.run_owning(main(0), shutdown_timeout=0.01)
    support.run_owning(main(1))
    assert numbers == [0, 1]


def test_restart_from_its_own_first_step(run):
    """The call is cancelled as soon as it has a task to cancel, and the new one begins."""
    order = Collected()
    emitter = Emitter()

    @AioGuest.handler(while_running="restart")
    async def on_numbered(emitter, number):
        order.append(f"start {number}")
        if number == 0:
            emitter.emit("numbered", 1)
        try:
            await asyncio.sleep(0)
            order.append(f"end {number}")
        except asyncio.CancelledError:
            order.append(f"cancelled {number}")
            raise

    async def main():
        await in_host(emitter.emit, "numbered", 0)
        await order.has("end 1")

    emitter.connect("numbered", on_numbered)
    run(main())
    assert order == ["start 0", "cancelled 0", "start 1", "end 1"]


def test_without_a_run():
    """A clear error, reported by PyGObject; here the function itself is called."""
    @AioGuest.handler
    async def on_numbered(emitter, number):
        pass

    with pytest.raises(RuntimeError, match="no guest run"):
        on_numbered(Emitter(), 1)


@pytest.mark.parametrize("options", [{"while_running": "wait"}, {"while_running": None}])
def test_wrong_options(options):
    with pytest.raises(ValueError, match="while_running"):
        AioGuest.handler(**options)


@pytest.mark.parametrize("wrong", [5, print, lambda: None, "text"])
def test_wrong_functions(wrong):
    with pytest.raises(TypeError, match="async"):
        AioGuest.handler(wrong)


# spawn()


def test_spawned_tasks_are_held(run):
    async def child(done):
        await asyncio.sleep(0.005)
        done.append(True)

    async def main():
        done = Collected()
        for _ in range(20):
            AioGuest.spawn(child(done))
        gc.collect()
        # For ever, if one is collected.
        await done.reaches(20)

    run(main())


def test_spawned_failure_is_reported_once(run):
    contexts = []

    async def fails():
        raise LookupError("told")

    async def main():
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: contexts.append(context)
        )
        task = AioGuest.spawn(fails())
        await asyncio.wait([task])
        await asyncio.sleep(0)
        assert len(contexts) == 1
        # The exception is still there to be asked for.
        assert isinstance(task.exception(), LookupError)

    run(main())
    gc.collect()
    assert len(contexts) == 1
    assert contexts[0]["task"].done()
