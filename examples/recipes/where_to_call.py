#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the table of ``docs/where-to-call.md``: every call is made from every place.

'yes' stands for a call that returned, anything else for the exception that it raised.
"""

import asyncio

import gi

gi.require_version('AioGuest', '1.0')
from gi.repository import AioGuest, GLib  # noqa: E402


created = []


def work():
    async def coroutine():
        pass

    created.append(coroutine())
    return created[-1]


def in_new_loop():
    loop = AioGuest.EventLoop()
    try:
        loop.run_until_complete(work())
    finally:
        loop.close()


def nested():
    context = GLib.MainContext.ref_thread_default()
    main_loop = GLib.MainLoop.new(context, False)
    source = GLib.Idle()
    source.set_callback(lambda *args: main_loop.quit())
    source.attach(context)
    main_loop.run()


def start():
    # Where a new run can be started it is seen to its end.
    context = GLib.MainContext.ref_thread_default()
    task = AioGuest.start(work())
    while not task.get_loop().is_closed():
        context.iteration(True)


@AioGuest.handler
async def handler():
    pass


# Those of a loop take the loop of the run, which exists from start() on.
CALLS = {
    '`AioGuest.start(coro)`': lambda loop: start(),
    '`AioGuest.run(coro)`': lambda loop: AioGuest.run(work()),
    '`asyncio.run(coro)`': lambda loop: asyncio.run(work()),
    '`EventLoop().run_until_complete(coro)`': lambda loop: in_new_loop(),
    '`asyncio.create_task(coro)`': lambda loop: asyncio.create_task(work()),
    '`AioGuest.spawn(coro)`': lambda loop: AioGuest.spawn(work()),
    'a function made by `AioGuest.handler`': lambda loop: handler(),
    '`AioGuest.wait(coro)`': lambda loop: AioGuest.wait(work()),
    '`AioGuest.get_run()`': lambda loop: AioGuest.get_run(),
    '`loop.call_soon(f)`, `loop.call_later(…)`': lambda loop: loop.call_soon(int),
    '`loop.call_soon_threadsafe(f)`': lambda loop: loop.call_soon_threadsafe(int),
    '`asyncio.run_coroutine_threadsafe(coro, loop)`':
        lambda loop: asyncio.run_coroutine_threadsafe(work(), loop),
    '`GLib.MainLoop().run()`': lambda loop: nested(),
    '`GLib.idle_add(f)`': lambda loop: GLib.idle_add(int),
}
NEEDS_LOOP = [name for name in CALLS if 'loop.' in name or 'loop)' in name]


def try_all(loop):
    outcomes = {}
    for name, call in CALLS.items():
        if loop is None and name in NEEDS_LOOP:
            outcomes[name] = '-'
            continue
        try:
            call(loop)
            outcomes[name] = 'yes'
        except Exception as error:
            outcomes[name] = f'`{type(error).__name__}`'
            created[-1].close()  # asyncio does not close what it refuses
    return outcomes


async def main(places):
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    GLib.idle_add(lambda: over.set_result(try_all(loop)))
    places['host callback'] = await over
    places['task step'] = try_all(loop)

    def in_thread():
        context = GLib.MainContext()
        context.push_thread_default()
        try:
            return try_all(loop)
        finally:
            context.pop_thread_default()

    places['other thread'] = await asyncio.to_thread(in_thread)
    return loop


def print_table(places):
    order = ('before start', 'host callback', 'task step', 'other thread', 'after the end')
    print('| |', ' | '.join(order), '|')
    print('|', ' | '.join(['---'] * (len(order) + 1)), '|')
    for name in CALLS:
        print('|', ' | '.join([name] + [places[place][name] for place in order]), '|')


places = {'before start': try_all(None)}
loop = AioGuest.run(main(places), debug=True)
places['after the end'] = try_all(loop)
print_table(places)
