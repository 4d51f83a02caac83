#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of an app: each test is an async function that runs while the main context is iterated.

For unittest, and for pytest, which takes it as it is. From Python 3.13 on
``unittest.IsolatedAsyncioTestCase`` does the same with ``loop_factory = AioGuest.EventLoop``.
"""

import asyncio
import functools
import unittest

from counter import AioGuest, Counter, Gtk


def in_main_loop(test):
    """Run an async test in a new loop that iterates GLib's main context."""
    @functools.wraps(test)
    def run_test(self):
        with asyncio.Runner(loop_factory=AioGuest.EventLoop) as runner:
            runner.run(asyncio.wait_for(test(self), 60))
    return run_test


class CounterTest(unittest.TestCase):
    def setUp(self):
        self.answer = None
        self.counter = Counter(self.fetch)
        self.window = Gtk.Window(child=self.counter)
        self.addCleanup(self.window.destroy)

    async def fetch(self):
        self.answer = asyncio.get_running_loop().create_future()
        return await self.answer

    @in_main_loop
    async def test_shows_the_answer(self):
        self.counter.emit('clicked')
        self.assertFalse(self.counter.get_sensitive())
        self.answer.set_result(42)
        await AioGuest.wait_signal(self.counter, 'notify::sensitive')
        self.assertEqual(self.counter.get_label(), '42')

    @in_main_loop
    async def test_shows_an_error(self):
        self.counter.emit('clicked')
        self.answer.set_exception(OSError('no answer'))
        await AioGuest.wait_signal(self.counter, 'notify::sensitive')
        self.assertEqual(self.counter.get_label(), 'no answer')

    @in_main_loop
    async def test_the_window_is_drawn_meanwhile(self):
        self.window.present()
        self.counter.emit('clicked')
        drawn = asyncio.Event()
        self.counter.add_tick_callback(lambda widget, clock: drawn.set())
        await drawn.wait()
        self.assertFalse(self.counter.get_sensitive())


if __name__ == '__main__':
    unittest.main()
