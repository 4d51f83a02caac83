#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Take the pictures of docs/recipes.md: pictures.py DIRECTORY [RECIPE...].

Needs an X display of its own with a window manager such as openbox, a session bus, and xdotool.
"""

import pathlib
import subprocess
import sys
import time

import gi

gi.require_versions({'Gdk': '3.0', 'Gtk': '3.0'})
from gi.repository import Gdk  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent

#: Seconds for a window to come to rest. A picture is looked at before it is used.
TO_REST = 3

CALL = ['gdbus', 'call', '--session', '--dest', 'org.aioguest.Recipe', '--object-path', '/org/aioguest/Recipe',
        '--method', 'org.aioguest.Recipe.Ask', 'Coffee?', '60']


def xdotool(*arguments):
    return subprocess.run(['xdotool', *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout


def find_window(process):
    """The X window of a program, as soon as there is one."""
    return xdotool('search', '--sync', '--onlyvisible', '--pid', process.pid).split()[0]


def open_and_close():
    xdotool('key', 'space')
    time.sleep(TO_REST)
    xdotool('key', 'alt+F4')


def ask():
    subprocess.Popen(CALL, stdout=subprocess.DEVNULL)


def enter(*lines):
    for line in lines:
        xdotool('type', line)
        xdotool('key', 'Return')


#: What the user does in each, before the picture.
RECIPES = {
    'ask_before_closing': open_and_close,
    'database': lambda: enter('Buy milk', 'Feed the cat'),
    'dbus_service': ask,
    'executor': lambda: xdotool('key', 'space'),
    'file_rows': None,
    'retry': None,
    'search': lambda: xdotool('type', 'async'),
    'settings': None,
    'window_tasks': None,
}


def take(path):
    """Save the part of the screen that has not the colour of its last corner."""
    root = Gdk.get_default_root_window()
    width, height = root.get_width(), root.get_height()
    picture = Gdk.pixbuf_get_from_window(root, 0, 0, width, height)
    pixels, stride, size = picture.get_pixels(), picture.get_rowstride(), picture.get_n_channels()
    rows = [pixels[row * stride:row * stride + width * size] for row in range(height)]
    background = rows[-1][-size:]
    tops = [row for row in range(height) if rows[row] != background * width]
    lefts = [column for column in range(width)
             if any(row[column * size:(column + 1) * size] != background for row in rows)]
    picture.new_subpixbuf(
        lefts[0], tops[0], lefts[-1] + 1 - lefts[0], tops[-1] + 1 - tops[0]).savev(str(path), 'png', [], [])


def main(directory, *names):
    for name in names or RECIPES:
        process = subprocess.Popen([sys.executable, HERE / f'{name}.py'])
        try:
            xdotool('windowfocus', '--sync', find_window(process))
            time.sleep(TO_REST)
            act = RECIPES[name]
            if act is not None:
                act()
                time.sleep(TO_REST)
            take(pathlib.Path(directory) / f'{name}.png')
        finally:
            process.terminate()
            process.wait()


if __name__ == '__main__':
    main(*sys.argv[1:])
