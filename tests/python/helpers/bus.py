# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Message buses of our own."""

import contextlib
import os
import pathlib
import shlex
import subprocess
import sys

from gi.repository import Gio, GLib

import program

DATA = pathlib.Path(__file__).parents[1] / "data"


@contextlib.contextmanager
def running_bus(configuration):
    """The address of a bus that goes on inside the with statement."""
    daemon = subprocess.Popen(
        [
            "dbus-daemon", f"--config-file={configuration}",
            "--nofork", "--nopidfile", "--print-address",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with daemon:
        try:
            # The bus listens when it tells its address.
            address = daemon.stdout.readline().strip()
            assert address, "dbus-daemon did not start"
            yield address
        finally:
            daemon.terminate()


class ApplicationBus:
    """A bus with an application, which it can launch as a service."""

    NAME = "org.example.AioGuestLife"
    PATH = "/org/example/AioGuestLife"

    def __init__(self, directory):
        self._directory = directory
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        configuration = self._directory / "bus.conf"
        text = (DATA / "bus.conf").read_text()
        services = f"<servicedir>{self._directory}</servicedir>"
        configuration.write_text(text.replace("</busconfig>", f"{services}\n</busconfig>"))
        self._service = self._directory / f"{self.NAME}.service"
        self.address = self._stack.enter_context(running_bus(configuration))
        flags = (
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        )
        self._connection = Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)
        self._stack.callback(self._connection.close_sync)
        return self

    def __exit__(self, *exc_info):
        self._stack.close()

    def _call(self, interface, method, parameters):
        return self._connection.call_sync(
            self.NAME, self.PATH, interface, method, parameters, None,
            Gio.DBusCallFlags.NONE, -1, None,
        )

    def activate_action(self, name):
        self._call("org.gtk.Actions", "Activate", GLib.Variant("(sava{sv})", (name, [], {})))

    def launch_service(self, command):
        """Activate the application, which the bus launches for that; return its lines and its errors."""
        directory = pathlib.Path(program.DIRECTORY)
        trace, errors, done = (self._directory / name for name in ("trace", "errors", "done"))
        for file in (trace, errors):
            file.unlink(missing_ok=True)
        os.mkfifo(done)
        flags = ["-X", "dev", *(f"-W{option}" for option in sys.warnoptions)]
        line = shlex.join(
            [sys.executable, *flags, os.fspath(directory / command[0]), *command[1:], "--gapplication-service"]
        )
        variables = shlex.join(f"{name}={value}" for name, value in self._get_environment(trace).items())
        script = self._directory / "launch.sh"
        script.write_text(f"#!/bin/sh\nenv {variables} {line} 2> {errors}\necho > {done}\n")
        script.chmod(0o755)
        self._service.write_text(f"[D-BUS Service]\nName={self.NAME}\nExec={script}\n")
        self._reload()
        self._call("org.freedesktop.Application", "Activate", GLib.Variant("(a{sv})", ({},)))
        with open(done) as file:
            file.read()
        done.unlink()
        self._service.unlink()
        return trace.read_text().splitlines(), errors.read_text()

    def _reload(self):
        self._connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig",
            None, None, Gio.DBusCallFlags.NONE, -1, None,
        )

    def _get_environment(self, trace):
        """What dbus-daemon has not got from the test."""
        return {
            **os.environ,
            "DBUS_SESSION_BUS_ADDRESS": self.address,
            "AIOGUEST_TEST_TRACE": os.fspath(trace),
            "EGL_LOG_LEVEL": "fatal",
        }
