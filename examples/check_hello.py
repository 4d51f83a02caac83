#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check_hello.py [--system NAME] COMMAND...: run ``application/hello.py``, and use it from outside.

COMMAND starts it: an interpreter and the program, or a sandbox. NAME is the system it must find
itself in; the default is this one. Needs an X display and xdotool. Prints TAP.
"""

import argparse
import platform
import re
import socket
import subprocess
import sys
import tempfile

from expect import complaints

CLIENTS = 3


def xdotool(*arguments):
    return subprocess.run(['xdotool', *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


class Hello:
    """The program that runs; the checks, in order."""

    def __init__(self, command, system):
        self.system = system
        self.errors = tempfile.TemporaryFile('w+')
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True)
        self.clients = []

    def read_line(self):
        line = self.process.stdout.readline()
        assert line, 'it ended too early'
        return line.rstrip('\n')

    def tells_its_port(self):
        line = self.read_line()
        match = re.fullmatch(r'Echo server: 127\.0\.0\.1, port (\d+)', line)
        assert match, line
        self.port = int(match[1])

    def maps_its_window(self):
        # Until there is one that can be seen.
        window, = xdotool('search', '--sync', '--onlyvisible', '--name', '^Hello$').split()
        # There is no window manager.
        xdotool('windowfocus', '--sync', window)

    def sends_back_lines(self):
        self.clients = [socket.create_connection(('127.0.0.1', self.port)).makefile('rw')
                        for number in range(CLIENTS)]
        for number, client in enumerate(self.clients):
            client.write(f'first {number}\nsecond {number}\n')
            client.flush()
        for number, client in reversed([*enumerate(self.clients)]):
            answer = [client.readline(), client.readline()]
            assert answer == [f'first {number}\n', f'second {number}\n'], answer

    def runs_a_subprocess(self):
        xdotool('key', 'space')  # clicks the button
        line = self.read_line()
        assert line == self.system, f'{line!r}, not {self.system!r}'

    def ends_when_its_window_is_closed(self):
        # While clients are connected.
        xdotool('key', 'ctrl+w')
        output = self.process.stdout.read()
        assert not output, output
        status = self.process.wait()
        assert status == 0, f'exit status {status}'
        for client in self.clients:
            assert client.readline() == ''

    def says_no_more(self):
        errors = complaints(self.read_errors())
        assert not errors, errors

    def read_errors(self):
        self.errors.seek(0)
        return self.errors.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--system', default=platform.freedesktop_os_release()['PRETTY_NAME'])
    parser.add_argument('command', nargs=argparse.REMAINDER)
    options = parser.parse_args()

    hello = Hello(options.command, options.system)
    checks = [hello.tells_its_port, hello.maps_its_window, hello.sends_back_lines, hello.runs_a_subprocess,
              hello.ends_when_its_window_is_closed, hello.says_no_more]
    print(f'1..{len(checks)}', flush=True)
    try:
        for number, check in enumerate(checks, 1):
            try:
                check()
            except Exception as error:
                # What comes next builds on it.
                print(f'not ok {number} {check.__name__}\n# {error!r}')
                return 1
            print(f'ok {number} {check.__name__}', flush=True)
    finally:
        hello.process.kill()  # nothing, if it has ended
        hello.process.wait()
        print(hello.read_errors(), end='', file=sys.stderr)
    return 0


if __name__ == '__main__':
    sys.exit(main())
