# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-Bus on a bus of our own: connections, proxies, method calls and signals."""

import asyncio
import os
import shutil
import subprocess
import sys
import textwrap
import warnings

import gi
import pytest
from gi.repository import AioGuest, Gio, GLib

import support
from bus import DATA, running_bus

DRIVER = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")

INTERFACE = Gio.DBusNodeInfo.new_for_xml("""
  <node>
    <interface name="org.example.AioGuest">
      <method name="Twice">
        <arg name="number" type="i" direction="in"/>
        <arg name="result" type="i" direction="out"/>
      </method>
      <method name="Fail"/>
      <method name="Never"/>
      <signal name="Told"><arg name="text" type="s"/></signal>
      <property name="Name" type="s" access="read"/>
    </interface>
  </node>
""").interfaces[0]

pytestmark = pytest.mark.skipif(
    shutil.which("dbus-daemon") is None, reason="there is no dbus-daemon"
)


@pytest.fixture(scope="module")
def address():
    """The address of a bus that ends with this file."""
    with running_bus(DATA / "bus.conf") as address:
        yield address


FLAGS = (
    Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
    | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
)


class Service:
    """Our object on the bus.  Answers come from tasks, after an await."""

    def __init__(self, connection):
        self.connection = connection
        self.never = asyncio.Event()
        with warnings.catch_warnings():
            # Some PyGObjects have no other name for it than the deprecated one.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.id = connection.register_object(
                "/org/example/AioGuest", INTERFACE, self.on_call, self.on_get, None
            )

    def on_get(self, connection, sender, path, interface, name):
        return GLib.Variant("s", f"the {name.lower()}")

    def on_call(self, connection, sender, path, interface, method, parameters, invocation):
        assert asyncio.current_task() is None
        AioGuest.spawn(self.answer(method, parameters, invocation))

    async def answer(self, method, parameters, invocation):
        await asyncio.sleep(0.001)
        if method == "Twice":
            (number,) = parameters.unpack()
            invocation.return_value(GLib.Variant("(i)", (2 * number,)))
        elif method == "Fail":
            invocation.return_dbus_error("org.example.AioGuest.Failed", "as it is to")
        else:
            self.never.set()
            # Released unanswered when the run is over.
            self.unanswered = invocation

    def tell(self, text):
        self.connection.emit_signal(
            None, "/org/example/AioGuest", "org.example.AioGuest", "Told",
            GLib.Variant("(s)", (text,)),
        )


async def connect(address):
    return await AioGuest.call(
        Gio.DBusConnection.new_for_address, address, FLAGS, None
    )


async def with_proxy(address, use):
    """Await use(service, proxy): each at its own connection to the bus."""
    server, client = await asyncio.gather(connect(address), connect(address))
    service = Service(server)
    try:
        proxy = await AioGuest.call(
            Gio.DBusProxy.new,
            client,
            Gio.DBusProxyFlags.NONE,
            INTERFACE,
            server.get_unique_name(),
            "/org/example/AioGuest",
            "org.example.AioGuest",
        )
        return await use(service, proxy)
    finally:
        server.unregister_object(service.id)
        for connection in (client, server):
            await AioGuest.call(connection.close)


def call_method(proxy, method, parameters=None):
    return AioGuest.call(proxy.call, method, parameters, Gio.DBusCallFlags.NONE, -1)


def test_connection(run, address):
    async def main():
        connection = await connect(address)
        name = connection.get_unique_name()
        told = asyncio.create_task(AioGuest.wait_signal(connection, "closed"))
        await asyncio.sleep(0)
        closed = await AioGuest.call(connection.close)
        # Gio's thread learns of it from the stream, before or after.
        await told
        return name, closed, connection.is_closed()

    name, closed, is_closed = run(main())
    assert name.startswith(":")
    assert closed and is_closed


def test_connection_to_nowhere(run, tmp_path):
    async def main():
        await connect(f"unix:path={tmp_path}/nothing")

    with pytest.raises(GLib.Error) as caught:
        run(main())
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)


def test_call_of_the_bus(run, address):
    async def main():
        connection = await connect(address)
        reply = await AioGuest.call(
            connection.call, *DRIVER, "GetNameOwner", GLib.Variant("(s)", (DRIVER[0],)),
            GLib.VariantType("(s)"), Gio.DBusCallFlags.NONE, -1,
        )
        await AioGuest.call(connection.close)
        return reply.unpack()

    assert run(main()) == (DRIVER[0],)


def test_proxy(run, address):
    async def use(service, proxy):
        assert proxy.get_cached_property("Name").unpack() == "the name"
        replies = await asyncio.gather(*(
            call_method(proxy, "Twice", GLib.Variant("(i)", (number,))) for number in range(20)
        ))
        return [reply.unpack() for reply in replies]

    assert run(with_proxy(address, use)) == [(2 * number,) for number in range(20)]


def test_error_reply(run, address):
    async def use(service, proxy):
        with pytest.raises(GLib.Error) as caught:
            await call_method(proxy, "Fail")
        # The connection has taken no harm.
        reply = await call_method(proxy, "Twice", GLib.Variant("(i)", (21,)))
        return caught.value, reply.unpack()

    error, reply = run(with_proxy(address, use))
    assert Gio.dbus_error_get_remote_error(error) == "org.example.AioGuest.Failed"
    assert "as it is to" in error.message
    assert reply == (42,)


def test_wrong_method(run, address):
    async def use(service, proxy):
        with pytest.raises(GLib.Error) as caught:
            await call_method(proxy, "Missing")
        return caught.value

    error = run(with_proxy(address, use))
    assert error.matches(Gio.DBusError.quark(), Gio.DBusError.UNKNOWN_METHOD)


def test_call_is_cancelled(run, address):
    async def use(service, proxy):
        task = asyncio.create_task(call_method(proxy, "Never"))
        await service.never.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        reply = await call_method(proxy, "Twice", GLib.Variant("(i)", (21,)))
        return reply.unpack()

    assert run(with_proxy(address, use)) == (42,)


def test_call_with_a_timeout_of_asyncio(run, address):
    async def use(service, proxy):
        async def end():
            await service.never.wait()
            guard.reschedule(0)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as guard, asyncio.TaskGroup() as group:
                group.create_task(end())
                await call_method(proxy, "Never")
        return "timed out"

    assert run(with_proxy(address, use)) == "timed out"


def test_signals_of_a_proxy(run, address):
    async def use(service, proxy):
        told = []
        async with AioGuest.signals(proxy, "g-signal::Told") as emissions:
            for number in range(3):
                service.tell(f"number {number}")
            async for sender, name, parameters in emissions:
                told.append((name, *parameters.unpack()))
                if len(told) == 3:
                    return told

    assert run(with_proxy(address, use)) == [("Told", f"number {n}") for n in range(3)]


def test_call_from_synchronous_code(run, address):
    """A function for synchronous callers, over a service of the same loop."""

    def twice(proxy, number):
        return AioGuest.wait(call_method(proxy, "Twice", GLib.Variant("(i)", (number,)))).unpack()

    async def use(service, proxy):
        return twice(proxy, 1), twice(proxy, 2)

    assert run(with_proxy(address, use)) == ((2,), (4,))


PROGRAM = """
    import asyncio
    import gi
    gi.require_version("AioGuest", "1.0")
    from gi.repository import AioGuest, Gio, GLib

    async def main():
        first, second = await asyncio.gather(
            AioGuest.call(Gio.bus_get, Gio.BusType.SESSION),
            AioGuest.call(Gio.bus_get, Gio.BusType.SESSION),
        )
        assert first is second
        assert first.get_unique_name().startswith(":")
        proxy = await AioGuest.call(
            Gio.DBusProxy.new_for_bus, Gio.BusType.SESSION, Gio.DBusProxyFlags.NONE, None,
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        )
        assert proxy.get_connection() is first
        reply = await AioGuest.call(proxy.call, "GetId", None, Gio.DBusCallFlags.NONE, -1)
        print(len(reply.unpack()[0]))

    AioGuest.run(main(), debug=False)
"""


def flags_of_this_interpreter():
    return ["-X", "dev"] + [f"-W{option}" for option in sys.warnoptions]


def run_program(text, address):
    return subprocess.run(
        [sys.executable, *flags_of_this_interpreter(), "-c", textwrap.dedent(text)],
        env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": address},
        capture_output=True,
        text=True,
        timeout=support.PATIENCE,
    )


def test_bus_get(address):
    """The session bus is the process's, so this is one of its own."""
    outcome = run_program(PROGRAM, address)
    assert outcome.stderr == ""
    assert outcome.returncode == 0
    assert outcome.stdout == "32\n"


def test_bus_get_without_a_bus(tmp_path):
    outcome = run_program(PROGRAM, f"unix:path={tmp_path}/nothing")
    assert outcome.returncode == 1
    assert outcome.stderr.count("Traceback") == 1
    assert "g-io-error-quark" in outcome.stderr.splitlines()[-1]


@pytest.mark.skipif(
    gi.version_info < (3, 50), reason="PyGObject's own awaitables came with 3.50"
)
def test_awaitables_of_pygobject(run, address):
    async def main():
        connection = await Gio.DBusConnection.new_for_address(address, FLAGS, None)
        proxy = await Gio.DBusProxy.new(connection, Gio.DBusProxyFlags.NONE, None, *DRIVER)
        parameters = GLib.Variant("(s)", (DRIVER[0],))
        reply = await proxy.call("GetNameOwner", parameters, Gio.DBusCallFlags.NONE, -1)
        with pytest.raises(GLib.Error) as caught:
            await proxy.call("Missing", None, Gio.DBusCallFlags.NONE, -1)
        assert caught.value.matches(Gio.DBusError.quark(), Gio.DBusError.UNKNOWN_METHOD)
        assert await connection.close()
        return reply.unpack()

    assert run(main()) == (DRIVER[0],)
