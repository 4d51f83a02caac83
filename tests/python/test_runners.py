# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.EventLoop where asyncio and unittest take a loop factory."""

import asyncio
import contextvars
import inspect
import sys
import threading
import unittest

import pytest
from gi.repository import AioGuest, GLib

import support

variable = contextvars.ContextVar("variable", default="default")


async def glib_fires(context=None):
    """Wait for an idle and for a timeout source of the host; what they saw."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    seen = []

    def fire(name):
        seen.append((name, asyncio.get_running_loop() is loop, asyncio.current_task()))
        if len(seen) == 2:
            over.set_result(seen)
        return GLib.SOURCE_REMOVE

    for source, name in ((GLib.Idle(), "idle"), (GLib.Timeout(2), "timeout")):
        source.set_callback(lambda *data, name=name: fire(name))
        source.attach(context)
    return await over


SEEN = [("idle", True, None), ("timeout", True, None)]


def on_thread(function, *args):
    """Call it on a thread of its own; return its result."""
    outcome = []

    def work():
        try:
            outcome.append((function(*args), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(support.PATIENCE)
    assert not thread.is_alive()
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def make_runner():
    # Debug mode would turn the native tick off.
    return asyncio.Runner(debug=False, loop_factory=AioGuest.EventLoop)


# asyncio.Runner


def test_runner():
    with make_runner() as runner:
        loop = runner.get_loop()
        assert type(loop) is AioGuest.EventLoop
        assert sorted(runner.run(glib_fires())) == SEEN
    assert loop.is_closed()


def test_runner_runs_several_times_on_one_loop_and_in_one_context():
    async def set_variable():
        variable.set("set")
        return asyncio.get_running_loop()

    async def get_variable():
        return asyncio.get_running_loop(), variable.get()

    with make_runner() as runner:
        loop = runner.run(set_variable())
        assert runner.run(get_variable()) == (loop, "set")
        assert runner.run(get_variable(), context=contextvars.Context()) == (loop, "default")
    assert variable.get() == "default"


def test_tasks_go_on_in_the_next_run():
    steps = []

    async def work():
        steps.append("begun")
        await asyncio.sleep(0.001)
        steps.append("done")

    async def begin():
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        return task

    async def end(task):
        await task

    with make_runner() as runner:
        task = runner.run(begin())
        # No loop is running between the runs, so nothing goes on in the host's.
        source = GLib.Timeout(20)
        source.set_callback(lambda *data: steps.append("host"))
        source.attach()
        while "host" not in steps:
            GLib.MainContext.default().iteration(True)
        source.destroy()
        assert steps == ["begun", "host"]
        runner.run(end(task))
    assert steps == ["begun", "host", "done"]


def test_runner_cleans_up():
    order = []

    async def child():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.002)
            order.append("task")

    async def generator():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0.002)
            order.append("generator")

    async def main():
        task = asyncio.create_task(child())
        async for number in kept:
            await asyncio.to_thread(order.append, "executor")
            return task

    kept = generator()
    with make_runner() as runner:
        task = runner.run(main())
        assert not task.done()
    assert task.cancelled()
    assert order == ["executor", "task", "generator"]


def test_runner_raises_what_main_raises():
    async def main():
        await asyncio.sleep(0.001)
        raise LookupError("in main")

    with make_runner() as runner:
        with pytest.raises(LookupError, match="in main"):
            runner.run(main())
        # And is good for another one.
        assert sorted(runner.run(glib_fires())) == SEEN


def test_runner_in_a_handler_is_refused():
    """A thread has one running loop, also where the host calls."""

    async def other():
        pass

    async def main():
        over = asyncio.get_running_loop().create_future()

        def in_host():
            coro = other()
            try:
                runner.run(coro)
            except RuntimeError as error:
                over.set_result(str(error))
            finally:
                coro.close()

        GLib.idle_add(in_host)
        return await over

    with make_runner() as runner:
        assert "running event loop" in runner.run(main())


# asyncio.run


@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio.run() has no loop_factory")
def test_asyncio_run():
    async def main():
        return type(asyncio.get_running_loop()), await glib_fires()

    kind, seen = asyncio.run(main(), debug=False, loop_factory=AioGuest.EventLoop)
    assert kind is AioGuest.EventLoop
    assert sorted(seen) == SEEN


@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio.run() has no loop_factory")
def test_asyncio_run_with_a_context_of_its_own():
    """A loop factory is any function: here one that names the main context."""
    context = GLib.MainContext()

    def make_loop():
        return AioGuest.EventLoop(main_context=context)

    seen = asyncio.run(glib_fires(context), debug=False, loop_factory=make_loop)
    assert sorted(seen) == SEEN


# run_until_complete


def test_one_loop_many_times():
    """No source is left between, and none of the host's is lost."""
    fired = []
    GLib.timeout_add(1, lambda: fired.append(None) or GLib.SOURCE_CONTINUE)
    source = GLib.MainContext.default().find_source_by_id(support.source_mark() - 1)
    mark = support.source_mark()
    loop = AioGuest.EventLoop()
    loop.set_debug(False)
    try:
        for number in range(50):
            assert loop.run_until_complete(asyncio.sleep(0.001, number)) == number
            assert support.sources_since(mark) == []
            assert asyncio._get_running_loop() is None
        while not fired:
            loop.run_until_complete(asyncio.sleep(0))
    finally:
        source.destroy()
        loop.close()


def test_one_loop_on_one_thread_after_the_other():
    """Between runs a loop belongs to no thread, so to no main context either."""
    loop = AioGuest.EventLoop()
    loop.set_debug(False)

    async def where():
        await asyncio.sleep(0.001)
        return threading.get_ident()

    try:
        assert loop.run_until_complete(where()) == threading.get_ident()
        assert on_thread(loop.run_until_complete, where()) != threading.get_ident()
        assert sorted(loop.run_until_complete(glib_fires())) == SEEN
    finally:
        loop.close()


# Threads


def test_thread_without_a_thread_default_context():
    """It gets a context of its own: GLib's default one is the main thread's."""
    fired = []

    async def main():
        # Attached to the thread-default context, as Gio's functions do.
        seen = await glib_fires(GLib.MainContext.get_thread_default())
        return hash(GLib.MainContext.get_thread_default()), seen

    def work():
        assert GLib.MainContext.get_thread_default() is None
        with make_runner() as runner:
            context, seen = runner.run(main())
            again, _ = runner.run(main())
        assert GLib.MainContext.get_thread_default() is None
        return context, again, seen

    GLib.idle_add(lambda: fired.append(None))
    context, again, seen = on_thread(work)
    assert sorted(seen) == SEEN
    assert context == again != hash(GLib.MainContext.default())
    assert fired == [], "the thread dispatched a source of the main thread's"
    support.Rescue().until(lambda: fired)


def test_two_threads_with_a_context_each():
    """They have to meet, twice: neither could be over before the other begins."""
    meetings = [threading.Barrier(2, timeout=support.PATIENCE) for _ in range(2)]

    async def main(context):
        seen = []
        for meeting in meetings:
            await asyncio.to_thread(meeting.wait)
            seen.append(sorted(await glib_fires(context)))
        return threading.get_ident(), seen

    def work():
        context = GLib.MainContext()
        with asyncio.Runner(
            debug=False, loop_factory=lambda: AioGuest.EventLoop(main_context=context)
        ) as runner:
            return runner.run(main(context))

    outcomes = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(work())) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(support.PATIENCE)
        assert not thread.is_alive()
    assert len({ident for ident, _ in outcomes}) == 2
    assert [seen for _, seen in outcomes] == [[SEEN, SEEN]] * 2


def test_context_of_another_run_is_refused():
    """One context has one owner: the second thread is told, and may go on."""
    context = GLib.MainContext()
    begun, refused = threading.Event(), threading.Event()

    def factory():
        return AioGuest.EventLoop(main_context=context)

    async def hold():
        begun.set()
        await asyncio.to_thread(refused.wait, support.PATIENCE)
        return "held"

    def second():
        assert begun.wait(support.PATIENCE)
        coro = asyncio.sleep(0)
        try:
            with asyncio.Runner(debug=False, loop_factory=factory) as runner:
                runner.run(coro)
        except RuntimeError as error:
            return str(error)
        finally:
            refused.set()
            coro.close()

    sentences = []
    thread = threading.Thread(target=lambda: sentences.append(second()))
    thread.start()
    with asyncio.Runner(debug=False, loop_factory=factory) as runner:
        assert runner.run(hold()) == "held"
    thread.join(support.PATIENCE)
    assert "thread" in sentences[0] and "main context" in sentences[0]


# A second run on one thread


def refusal(function, make_coro):
    coro = make_coro()
    with pytest.raises(RuntimeError) as caught:
        function(coro)
    assert inspect.getcoroutinestate(coro) == inspect.CORO_CLOSED
    return str(caught.value)


@pytest.mark.parametrize("second", [AioGuest.start, AioGuest.run])
@pytest.mark.parametrize("where", ["task", "host", "before the host runs"])
def test_second_run_on_one_thread(second, where):
    async def another():
        pass

    async def main():
        if where == "task":
            return refusal(second, another)
        if where == "host":
            over = asyncio.get_running_loop().create_future()
            GLib.idle_add(lambda: over.set_result(refusal(second, another)))
            return await over

    finished = []
    task = support.start(main(), done_callback=finished.append)
    sentence = None
    if where == "before the host runs":
        sentence = refusal(second, another)
    support.Rescue().until(lambda: finished)
    sentence = sentence or task.result()
    assert "a guest run is going on in this thread already" in sentence
    assert "AioGuest.spawn()" in sentence


def test_start_below_a_runner_is_refused():
    async def another():
        pass

    async def main():
        return refusal(AioGuest.start, another)

    with make_runner() as runner:
        sentence = runner.run(main())
    assert "a guest run is going on in this thread already" in sentence


def test_start_below_a_foreign_loop_is_refused():
    async def another():
        pass

    async def main():
        return refusal(AioGuest.start, another)

    with asyncio.Runner(debug=False, loop_factory=asyncio.SelectorEventLoop) as runner:
        sentence = runner.run(main())
    assert "a thread has one running loop" in sentence
    assert "in a thread of its own" in sentence


def test_run_after_run():
    for number in range(3):
        assert support.run_owning(asyncio.sleep(0.001, number)) == number
        with make_runner() as runner:
            assert runner.run(asyncio.sleep(0.001, number)) == number


# unittest


class GuestTestCase(unittest.IsolatedAsyncioTestCase):
    """An IsolatedAsyncioTestCase whose tests run in the GLib main loop.

    From Python 3.13 on the class attribute is all there is to it.  Before,
    unittest makes its asyncio.Runner in a method without any hook but the
    method itself: _setupAsyncioRunner() of 3.11 and 3.12.  (The documented way
    there is an event-loop policy, which is the whole process's, and deprecated
    from Python 3.14 on.)  A copy of these few lines serves both.
    """

    # A function in a class would be a method, a class is not.
    loop_factory = AioGuest.EventLoop

    if sys.version_info < (3, 13):

        def _setupAsyncioRunner(self):
            assert self._asyncioRunner is None, "asyncio runner is already initialized"
            self._asyncioRunner = asyncio.Runner(debug=True, loop_factory=self.loop_factory)


class Passing(GuestTestCase):
    """Collected by unittest below only, so that what it does is looked at."""

    __test__ = False
    order = []

    def setUp(self):
        self.order.append("setUp")

    async def asyncSetUp(self):
        self.loop = asyncio.get_running_loop()
        # unittest turns debug mode on; off, the native tick is tested too.
        self.loop.set_debug(False)
        self.addAsyncCleanup(self.clean_up)
        self.order.append("asyncSetUp")
        variable.set("set up")

    async def test_glib_fires(self):
        self.order.append("test")
        self.assertIs(asyncio.get_running_loop(), self.loop)
        self.assertIs(type(self.loop), AioGuest.EventLoop)
        self.assertEqual(sorted(await glib_fires()), SEEN)
        self.assertEqual(variable.get(), "set up")

    async def asyncTearDown(self):
        self.assertIs(asyncio.get_running_loop(), self.loop)
        self.assertEqual(sorted(await glib_fires()), SEEN)
        self.order.append("asyncTearDown")

    async def clean_up(self):
        await asyncio.sleep(0.001)
        self.order.append("clean-up")


class Failing(GuestTestCase):
    __test__ = False

    async def test_fails(self):
        await glib_fires()
        self.fail("as it is to")

    async def test_raises(self):
        await glib_fires()
        raise LookupError("as it is to")

    @unittest.skip("as it is to")
    async def test_skipped(self):
        raise LookupError("not skipped")


def run_unittest(case):
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result


def test_isolated_asyncio_test_case():
    Passing.order.clear()
    result = run_unittest(Passing)
    assert result.errors == result.failures == result.skipped == []
    assert result.testsRun == 1
    assert Passing.order == ["setUp", "asyncSetUp", "test", "asyncTearDown", "clean-up"]
    assert variable.get() == "default"


def test_isolated_asyncio_test_case_that_fails():
    result = run_unittest(Failing)
    assert [case.id().split(".")[-1] for case, _ in result.failures] == ["test_fails"]
    assert [case.id().split(".")[-1] for case, _ in result.errors] == ["test_raises"]
    assert [reason for _, reason in result.skipped] == ["as it is to"]
