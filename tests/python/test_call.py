# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioGuest.call(): Gio's asynchronous functions, on every PyGObject."""

import asyncio
import gc
import shutil
import subprocess
import sys
import types
import warnings
import weakref

import pytest
from gi.overrides.AioGuest import _operation
from gi.repository import AioGuest, Gio, GLib

import support


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    """The address of a private bus."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("no dbus-daemon")
    directory = tmp_path_factory.mktemp("bus")
    config = directory / "bus.conf"
    config.write_text(
        "<busconfig><type>session</type>"
        f"<listen>unix:path={directory}/socket</listen>"
        '<policy context="default"><allow send_destination="*"/><allow eavesdrop="true"/>'
        '<allow own="*"/></policy></busconfig>'
    )
    daemon = subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"],
        stdout=subprocess.PIPE, text=True,
    )
    with daemon:
        yield daemon.stdout.readline().strip()
        daemon.terminate()


CONNECTION = (
    Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
)
BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


def test_file(run, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"contents")

    async def main():
        file = Gio.File.new_for_path(str(path))
        success, contents, etag = await AioGuest.call(file.load_contents_async)
        assert success
        stream = await AioGuest.call(file.read_async, GLib.PRIORITY_DEFAULT)
        data = await AioGuest.call(stream.read_bytes_async, 100, GLib.PRIORITY_LOW)
        assert await AioGuest.call(stream.close_async, io_priority=GLib.PRIORITY_DEFAULT) is True
        return bytes(contents), data.get_data()

    assert run(main()) == (b"contents", b"contents")


def test_folder(run, tmp_path):
    for number in range(25):
        (tmp_path / str(number)).touch()

    async def main():
        folder = Gio.File.new_for_path(str(tmp_path))
        enumerator = await AioGuest.call(
            folder.enumerate_children_async,
            "standard::name", Gio.FileQueryInfoFlags.NONE, GLib.PRIORITY_DEFAULT,
        )
        names = []
        while infos := await AioGuest.call(
            enumerator.next_files_async, 10, GLib.PRIORITY_DEFAULT
        ):
            names += [info.get_name() for info in infos]
        await AioGuest.call(enumerator.close_async, GLib.PRIORITY_DEFAULT)
        return sorted(names, key=int)

    assert run(main()) == [str(number) for number in range(25)]


def functions_with_progress():
    """The asynchronous functions of Gio that tell of their progress, on this platform."""
    for kind in dir(Gio):
        with warnings.catch_warnings():
            # Some names are deprecated.
            warnings.simplefilter("ignore")
            methods = getattr(Gio, kind)
        for name in dir(methods) if isinstance(methods, type) else ():
            if name.endswith("_async"):
                arguments = getattr(getattr(methods, name), "get_arguments", list)()
                if any("progress_callback" in argument.get_name() for argument in arguments):
                    yield f"{kind}.{name}"


def test_functions_with_progress():
    """All that there are on this platform are tried below."""
    assert set(functions_with_progress()) == {"File.copy_async", "File.move_async"}


@pytest.mark.parametrize("name", ["copy_async", "move_async"])
def test_progress(run, tmp_path, name):
    """From GLib 2.82 on bindings get variants that take closures, and have another name for them."""
    progress = []
    source, target = (Gio.File.new_for_path(str(tmp_path / name)) for name in ("from", "to"))

    async def transfer(**options):
        (tmp_path / "from").write_bytes(b"contents")
        return await AioGuest.call(
            getattr(source, name), target, Gio.FileCopyFlags.NONE, GLib.PRIORITY_DEFAULT, **options
        )

    async def main():
        assert await transfer(progress_callback=lambda *args: progress.append(args))
        for options in ({}, {"progress_callback": None}, {"cancellable": Gio.Cancellable()}):
            with pytest.raises(GLib.Error) as caught:
                await transfer(**options)
            assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.EXISTS)

    run(main())
    assert (tmp_path / "to").read_bytes() == b"contents"
    if name == "move_async" and (GLib.MAJOR_VERSION, GLib.MINOR_VERSION) < (2, 82):
        # It would be called when PyGObject has freed it.
        assert progress == []
    else:
        assert progress[-1] == (8, 8)


def test_finish_function_of_several(run, tmp_path):
    """There is no replace_contents_bytes_finish()."""
    async def main():
        file = Gio.File.new_for_path(str(tmp_path / "file"))
        replaced, etag = await AioGuest.call(
            file.replace_contents_bytes_async,
            GLib.Bytes.new(b"contents"), None, False, Gio.FileCreateFlags.NONE,
        )
        return replaced

    assert run(main()) is True
    assert (tmp_path / "file").read_bytes() == b"contents"


def test_error(run, tmp_path):
    async def main():
        file = Gio.File.new_for_path(str(tmp_path / "missing"))
        with pytest.raises(GLib.Error) as caught:
            await AioGuest.call(file.load_contents_async)
        assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)

    run(main())


def test_bus(bus):
    """A static function, a constructor, and calls."""
    async def main():
        connection = await AioGuest.call(
            Gio.DBusConnection.new_for_address, bus, CONNECTION, None
        )
        proxy = await AioGuest.call(
            Gio.DBusProxy.new, connection, Gio.DBusProxyFlags.NONE, None, *BUS
        )
        names = await AioGuest.call(
            proxy.call, "ListNames", None, Gio.DBusCallFlags.NONE, -1
        )
        with pytest.raises(GLib.Error, match="UnknownMethod"):
            await AioGuest.call(proxy.call, "NoSuchMethod", None, Gio.DBusCallFlags.NONE, -1)
        name = connection.get_unique_name()
        assert await AioGuest.call(connection.close) is True
        return name in names.unpack()[0]

    assert support.run_in_main_loop(main())


def test_bus_get(bus, monkeypatch):
    """A function of the namespace itself."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)

    async def main():
        connection = await AioGuest.call(Gio.bus_get, Gio.BusType.SESSION)
        connection.set_exit_on_close(False)
        identifier = await AioGuest.call(
            connection.call, *BUS, "GetId", None, None, Gio.DBusCallFlags.NONE, -1
        )
        await AioGuest.call(connection.close)
        return identifier.unpack()[0]

    assert len(support.run_in_main_loop(main())) == 32


def test_cancelled_call_of_a_bus(bus, monkeypatch):
    """Of a peer that never answers. The call has ended when the task goes on."""
    ended = []
    end = _operation.Operation.end
    monkeypatch.setattr(
        _operation.Operation, "end", lambda operation, *args: ended.append(end(operation, *args))
    )

    async def main():
        connections = [
            await AioGuest.call(Gio.DBusConnection.new_for_address, bus, CONNECTION, None)
            for _ in range(2)
        ]
        peer = connections[1].get_unique_name()
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()

        def on_message(connection, message, incoming):
            if not incoming or message.get_member() != "Ask":
                return message
            loop.call_soon_threadsafe(asked.set)
            return None

        connections[1].add_filter(on_message)
        task = asyncio.create_task(AioGuest.call(
            connections[0].call, peer, "/", "org.example", "Ask", None, None, Gio.DBusCallFlags.NONE, -1
        ))
        await asked.wait()
        ended.clear()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(ended) == 1
        for connection in connections:
            await AioGuest.call(connection.close)

    support.run_in_main_loop(main())


def test_subprocess(run):
    async def main():
        process = Gio.Subprocess.new(
            ["cat"], Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_PIPE
        )
        success, output, errors = await AioGuest.call(process.communicate_utf8_async, "text")
        assert success
        assert await AioGuest.call(process.wait_check_async) is True
        failing = Gio.Subprocess.new([sys.executable, "-c", "exit(3)"], 0)
        with pytest.raises(GLib.Error, match="code 3"):
            await AioGuest.call(failing.wait_check_async)
        return output

    assert run(main()) == "text"


def test_cancellation(run):
    """Of the task: it comes out as CancelledError, once the operation has ended."""
    async def main():
        process = support.sleeper()
        cancellable = Gio.Cancellable()
        cancelled = []
        cancellable.connect(lambda *args: cancelled.append(True))
        task = asyncio.create_task(
            AioGuest.call(process.wait_async, cancellable=cancellable)
        )
        await asyncio.sleep(0.005)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert cancelled == [True]
        process.force_exit()
        await AioGuest.call(process.wait_async)

    run(main())


def test_timeout(run):
    async def main():
        process = support.sleeper()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await AioGuest.call(process.wait_async)
        process.force_exit()
        await AioGuest.call(process.wait_async)
        return process.get_term_sig()

    assert run(main()) == 9


def test_cancelled_before_the_first_step(run):
    async def main():
        task = asyncio.create_task(AioGuest.call(support.sleeper))
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert run(main())


def test_cancellable_of_the_caller(run):
    """Cancelled by somebody else it is an error as any other."""
    async def main():
        process = support.sleeper()
        cancellable = Gio.Cancellable()
        GLib.timeout_add(5, lambda: cancellable.cancel())
        with pytest.raises(GLib.Error) as caught:
            await AioGuest.call(process.wait_async, cancellable=cancellable)
        assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
        process.force_exit()
        await AioGuest.call(process.wait_async)

    run(main())


class Operation:
    """An object and its asynchronous function, which ends when it is told to, and then fails."""

    def __init__(self, *arguments):
        self._arguments = arguments
        self._callback = None
        self.finished = 0

    def get_arguments(self):
        return [types.SimpleNamespace(get_name=lambda name=name: name) for name in self._arguments]

    def get_name(self):
        return "operate_async"

    def is_method(self):
        return True

    def __call__(self, *, callback, cancellable=None):
        self._callback = callback

    def end(self):
        self._callback(self, None)

    def operate_finish(self, result):
        self.finished += 1
        raise GLib.Error("failed")


@pytest.mark.parametrize("arguments, n_cancels", [
    (("callback",), 1),
    (("cancellable", "callback"), 2),
], ids=["no-cancellable", "cancelled-twice"])
def test_ends_after_its_task(run, errors, arguments, n_cancels):
    """Nobody is there any more to be told that it failed, and nobody is."""
    async def main():
        operation = Operation(*arguments)
        task = asyncio.create_task(AioGuest.call(operation))
        for _ in range(n_cancels):
            await asyncio.sleep(0)
            assert not task.done()
            task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        operation.end()
        return operation.finished

    assert run(main()) == 0
    gc.collect()
    assert errors() == []


def test_failure_of_another_kind(run):
    """Having no _finish function is told, too."""
    async def main():
        operation = Operation("callback")
        operation.operate_finish = None
        asyncio.get_running_loop().call_soon(operation.end)
        with pytest.raises(TypeError, match="operate_async.*no _finish"):
            await AioGuest.call(operation)
        return "raised"

    assert run(main()) == "raised"


def test_end_of_the_run_cancels_it(run):
    processes = []

    async def main():
        processes.append(support.sleeper())
        AioGuest.spawn(AioGuest.call(processes[0].wait_async))
        await asyncio.sleep(0.005)
        return "over"

    assert run(main()) == "over"
    processes[0].force_exit()
    processes[0].wait()


def test_many_at_once(run, tmp_path):
    for number in range(100):
        (tmp_path / str(number)).write_text(str(number))

    async def load(number):
        file = Gio.File.new_for_path(str(tmp_path / str(number)))
        return int((await AioGuest.call(file.load_contents_async))[1])

    async def main():
        return await asyncio.gather(*(load(number) for number in range(100)))

    assert run(main()) == list(range(100))


def test_in_a_thread_with_a_context_of_its_own(tmp_path):
    (tmp_path / "file").write_bytes(b"contents")

    async def main():
        file = Gio.File.new_for_path(str(tmp_path / "file"))
        return (await AioGuest.call(file.load_contents_async))[1]

    def thread():
        context = GLib.MainContext()
        context.push_thread_default()
        try:
            return support.run_owning(main())
        finally:
            context.pop_thread_default()

    async def outer():
        return await asyncio.to_thread(thread)

    assert asyncio.run(outer()) == b"contents"


def test_nothing_is_kept_alive(run, tmp_path):
    (tmp_path / "file").write_bytes(b"contents")
    references = []

    async def main():
        file = Gio.File.new_for_path(str(tmp_path / "file"))
        references.append(weakref.ref(file))
        await AioGuest.call(file.load_contents_async)

    run(main())
    gc.collect()
    assert references[0]() is None


@pytest.mark.parametrize("wrong", [
    None, 5, print, GLib.get_real_time, Gio.File.new_for_path, Gio.Cancellable.cancel,
])
def test_wrong_functions(run, wrong):
    async def main():
        with pytest.raises(TypeError):
            await AioGuest.call(wrong)

    run(main())


def test_wrong_arguments(run, tmp_path):
    async def main():
        file = Gio.File.new_for_path(str(tmp_path))
        with pytest.raises(TypeError):
            await AioGuest.call(file.read_async, "text")

    run(main())


async def read(path):
    _, contents, _ = await AioGuest.call(Gio.File.new_for_path(str(path)).load_contents_async)
    return contents


def test_main_context_of_its_own(tmp_path):
    """run() makes it the thread-default one, for as long as it lasts."""
    path = tmp_path / "file"
    path.write_bytes(b"contents")
    assert AioGuest.run(read(path), main_context=GLib.MainContext()) == b"contents"
    assert GLib.MainContext.get_thread_default() is None


def test_main_context_that_is_not_the_thread_default_one(tmp_path):
    context = GLib.MainContext()
    with pytest.raises(RuntimeError, match="push_thread_default"):
        support.run_by_iteration(read(tmp_path), main_context=context)
    path = tmp_path / "file"
    path.write_bytes(b"contents")
    context.push_thread_default()
    try:
        assert support.run_by_iteration(read(path), main_context=context) == b"contents"
    finally:
        context.pop_thread_default()


def test_loop_that_is_no_guest(tmp_path):
    """Nobody iterates the main context: it would wait for ever."""
    with pytest.raises(RuntimeError, match="no guest run"):
        asyncio.run(read(tmp_path))
