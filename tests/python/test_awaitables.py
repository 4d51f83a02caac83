# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Awaiting what PyGObject's own asynchronous functions return, from PyGObject 3.50 on."""

import asyncio
import gc
import weakref

import gi
import pytest
from gi.overrides.AioGuest import _awaitables
from gi.repository import AioGuest, Gio, GLib

from support import sleeper

pytestmark = pytest.mark.skipif(
    gi.version_info < (3, 50), reason="PyGObject has no awaitables before 3.50"
)


class TestAwaitables:
    """Awaiting what PyGObject returns."""

    def test_result(self, run, tmp_path):
        (tmp_path / "file").write_bytes(b"contents")

        async def main():
            file = Gio.File.new_for_path(str(tmp_path / "file"))
            success, contents, etag = await file.load_contents_async()
            return contents

        assert run(main()) == b"contents"

    def test_error(self, run, tmp_path):
        async def main():
            with pytest.raises(GLib.Error) as caught:
                await Gio.File.new_for_path(str(tmp_path / "missing")).load_contents_async()
            assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)

        run(main())

    def test_in_a_runner(self, tmp_path):
        (tmp_path / "file").write_bytes(b"contents")

        async def main():
            return (await Gio.File.new_for_path(str(tmp_path / "file")).load_contents_async())[1]

        with asyncio.Runner(loop_factory=AioGuest.EventLoop) as runner:
            assert runner.run(main()) == b"contents"


class Awaiting:
    """A task that awaits PyGObject's own awaitable, for an hour."""

    def __init__(self):
        self.process = sleeper()
        self.cancellable = Gio.Cancellable()
        self.seen = []

    async def task(self, *args):
        try:
            await self.process.wait_async(self.cancellable)
        except BaseException as error:
            self.seen.append(type(error))
            raise
        finally:
            # Not cancelled a second time.
            await asyncio.sleep(0.001)
            self.seen.append("finally")

    def check(self):
        self.process.force_exit()
        assert self.seen == [asyncio.CancelledError, "finally"]
        assert self.cancellable.is_cancelled()


class ByName(asyncio.Task):
    called = 0

    def cancel(self, *, msg=None):
        self.called += 1
        return super().cancel(msg)


class WithoutMessage(asyncio.Task):
    called = 0

    def cancel(self):
        self.called += 1
        return super().cancel()


def in_task(one):
    return one.task()


async def in_awaited_task(one):
    await asyncio.create_task(one.task())


async def in_group(one):
    async with asyncio.TaskGroup() as group:
        group.create_task(one.task())
        group.create_task(asyncio.sleep(3600))


async def in_gather(one):
    await asyncio.gather(asyncio.sleep(3600), one.task(), asyncio.sleep(3600))
    raise AssertionError("gather() has returned")


async def in_patient_gather(one):
    await asyncio.gather(one.task(), asyncio.sleep(3600), return_exceptions=True)
    raise AssertionError("gather() has returned")


async def in_wait_for(one):
    await asyncio.wait_for(one.task(), 3600)


async def in_wait(one):
    AioGuest.wait(one.task())


class TestCancelled:
    """By the application, which knows nothing of what PyGObject's awaitables refuse before 3.52."""

    def test_timeout(self, run, errors):
        async def main():
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await one.task()
            await asyncio.sleep(0.001)
            return asyncio.current_task().cancelling()

        one = Awaiting()
        assert run(main()) == 0
        one.check()
        assert errors() == []

    @pytest.mark.parametrize(
        "place", [in_task, in_awaited_task, in_group, in_gather, in_wait_for, in_wait]
    )
    def test_task(self, run, errors, place):
        async def main():
            task = asyncio.create_task(place(one))
            await asyncio.sleep(0.01)
            assert task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()

        one = Awaiting()
        run(main())
        one.check()
        assert errors() == []

    def test_sibling_in_a_group(self, run, errors):
        async def fail():
            await asyncio.sleep(0.01)
            raise LookupError

        async def main():
            with pytest.raises(ExceptionGroup):
                async with asyncio.TaskGroup() as group:
                    group.create_task(one.task())
                    group.create_task(fail())

        one = Awaiting()
        run(main())
        one.check()
        assert errors() == []

    def test_message(self, run):
        async def main():
            task = asyncio.create_task(one.task())
            await asyncio.sleep(0.01)
            task.cancel("enough")
            await asyncio.wait([task])
            with pytest.raises(asyncio.CancelledError, match="enough"):
                task.result()

        one = Awaiting()
        run(main())
        one.check()

    def test_more_than_once(self, run):
        """Before it has come out, each request is counted, and one error comes out."""
        async def main():
            task = asyncio.create_task(one.task())
            await asyncio.sleep(0.01)
            assert [task.cancel(), task.cancel()] == [True, True]
            await asyncio.wait([task])
            assert task.cancelled()
            return task.cancelling()

        one = Awaiting()
        assert run(main()) == 2
        one.check()

    def test_at_the_end_of_a_runner(self, errors):
        async def main():
            task = asyncio.create_task(one.task())
            await asyncio.sleep(0.01)
            return task

        one = Awaiting()
        with asyncio.Runner(loop_factory=AioGuest.EventLoop) as runner:
            task = runner.run(main())
        assert task.cancelled()
        one.check()
        assert errors() == []

    def test_around_a_wait_in_the_same_task(self, run, errors):
        """Each of the two leaves the task's cancel() to the other."""
        async def main():
            for one in ones:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await one.task()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.01):
                        AioGuest.wait(asyncio.sleep(3600))

        ones = [Awaiting(), Awaiting()]
        run(main())
        for one in ones:
            one.check()
        assert errors() == []

    def test_kept_cancel_of_a_task_that_is_gone(self, run):
        async def awaiting():
            process = sleeper()
            process.force_exit()
            await process.wait_async()
            return asyncio.current_task().cancel

        async def main():
            cancel = await asyncio.create_task(awaiting())
            gc.collect()
            return cancel()

        assert run(main()) is False

    @pytest.mark.parametrize("type_of_task", [ByName, WithoutMessage])
    def test_types_of_tasks_of_somebody_else(self, run, type_of_task):
        """asyncio itself gives them no message if there is none."""
        async def main():
            task = type_of_task(one.task(), loop=asyncio.get_running_loop())
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])
            return task.cancelled(), task.called

        one = Awaiting()
        assert run(main()) == (True, 1)
        one.check()

    def test_shadow_of_somebody_else(self, run):
        async def main():
            def cancel():
                called.append(True)
                return asyncio.Task.cancel(task)

            async def awaiting():
                task.cancel = cancel
                await one.task()

            task = asyncio.create_task(awaiting())
            await asyncio.sleep(0.01)
            assert task.cancel()
            await asyncio.wait([task])
            return task.cancelled()

        called = []
        one = Awaiting()
        assert run(main())
        assert called == [True]
        one.check()

    def test_task_is_not_kept_alive(self, run):
        async def awaiting():
            process = sleeper()
            process.force_exit()
            await process.wait_async()

        async def main():
            task = asyncio.create_task(awaiting())
            await task
            await asyncio.sleep(0)
            reference = weakref.ref(task)
            del task
            return reference()

        assert run(main()) is None


class TestCancelledByAioGuest:
    """Whoever has made the awaitable."""

    @pytest.mark.parametrize(
        "place",
        [
            in_task, in_awaited_task, in_group, in_gather, in_patient_gather, in_wait_for,
            in_wait,
        ],
    )
    def test_end_of_the_run(self, run, errors, capfd, place):
        async def main():
            tasks.append(asyncio.create_task(place(one)))
            await asyncio.sleep(0.01)
            return "done"

        tasks = []
        one = Awaiting()
        assert run(main()) == "done"
        one.check()
        assert tasks[0].cancelled()
        assert errors() == []
        assert capfd.readouterr().err == ""

    @pytest.mark.parametrize("fails", [False, True])
    def test_cancelled_when_the_operation_has_ended(self, run, errors, fails):
        """Its result is there, but the task has not gone on with it."""
        async def main():
            one = Awaiting()
            awaitable = one.process.wait_async(one.cancellable)
            # Called before the task is.
            awaitable.add_done_callback(lambda awaitable: _awaitables.cancel_task(task))
            one.process.wait_async = lambda cancellable: awaitable
            task = asyncio.create_task(one.task())
            end = one.cancellable.cancel if fails else one.process.force_exit
            asyncio.get_running_loop().call_later(0.01, end)
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()
            one.process.force_exit()
            return one.seen

        assert run(main()) == [asyncio.CancelledError, "finally"]
        assert errors() == []

    def test_end_of_an_application(self, errors, capfd):
        async def main():
            GLib.timeout_add(10, application.quit)
            await one.task()

        application = Gio.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
        one = Awaiting()
        AioGuest.run(application, main=main, debug=False)
        one.check()
        assert errors() == []
        assert capfd.readouterr().err == ""

    def test_handler_that_restarts(self, run, errors):
        ones = [Awaiting(), Awaiting()]
        calls = iter(ones)

        @AioGuest.handler(while_running="restart")
        async def handle(emitter):
            await next(calls).task()

        async def main():
            emitter = object()
            for _ in ones:
                handle(emitter)
                await asyncio.sleep(0.01)

        run(main())
        for one in ones:
            one.check()
        assert errors() == []

    def test_timeout_of_wait(self, run, errors):
        async def main():
            with pytest.raises(TimeoutError):
                AioGuest.wait(one.process.wait_async(one.cancellable), timeout=0.01)
            with pytest.raises(TimeoutError):
                AioGuest.wait(other.task(), timeout=0.01)

        one, other = Awaiting(), Awaiting()
        run(main())
        one.process.force_exit()
        assert one.cancellable.is_cancelled()
        other.check()
        assert errors() == []

    def test_cancellation_of_a_task_that_waits(self, run, errors):
        async def waiting():
            AioGuest.wait(one.task())

        async def main():
            task = asyncio.create_task(waiting())
            asyncio.get_running_loop().call_later(0.01, lambda: task.cancel())
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelling() == 1

        one = Awaiting()
        run(main())
        one.check()
        assert errors() == []

    def test_cancelled_task_that_goes_on(self, run):
        """It is as it was, and can be cancelled again."""
        ones = [Awaiting(), Awaiting()]
        counts = []

        async def stubborn():
            this = asyncio.current_task()
            for one in ones:
                with pytest.raises(asyncio.CancelledError):
                    await one.task()
                counts.append(this.cancelling())

        async def main():
            task = asyncio.create_task(stubborn())
            for _ in ones:
                await asyncio.sleep(0.01)
                assert _awaitables.cancel_task(task)
            await task

        run(main())
        for one in ones:
            one.check()
        assert counts == [1, 2]
