# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals of GObjects: handled by tasks, awaited one by one and all."""

import asyncio

from gi.repository import AioGuest, GLib, GObject

from .operations import chance, host_priority, number, one_of, operation, seconds


class Emitter(GObject.Object):
    @GObject.Signal(arg_types=(int,), return_type=bool)
    def told(self, number):
        pass


def emit_when_idle(emitter, count, priority, over):
    """One emission in each turn."""
    numbers = iter(range(count))

    def emit():
        number = next(numbers)
        emitter.emit("told", number)
        if number + 1 < count:
            return GLib.SOURCE_CONTINUE
        over.happen()
        return GLib.SOURCE_REMOVE

    GLib.idle_add(emit, priority=priority)


def is_connected(emitter):
    signal = GObject.signal_lookup("told", Emitter)
    return GObject.signal_has_handler_pending(emitter, signal, 0, True)


@operation(4, policy=one_of("run", "drop", "queue", "restart"), count=number(1, 5),
           eager=chance(0.5), delay=seconds(0.002), priority=host_priority)
def handle(storm, policy, count, eager, delay, priority):
    """What is promised of each call of a handler while an earlier one is going on."""
    ledger = storm.ledger
    # Of these policies only one call is certain to come to its end: the first, or the last.
    sure = {"drop": [0], "restart": [count - 1]}.get(policy, range(count))
    tickets = {number: ledger.expect("call of a handler") for number in sure}
    begun = []
    going_on = []

    @AioGuest.handler(returns=True, while_running=policy, eager=eager)
    async def on_told(emitter, number):
        if number in begun or (going_on and policy != "run"):
            ledger.object(f"handler({policy}): {number} begins after {begun}, beside {going_on}")
        begun.append(number)
        going_on.append(number)
        over = ledger.expect("handler going on")
        try:
            await asyncio.sleep(delay)
        finally:
            going_on.remove(number)
            over.happen()
        if number in tickets:
            tickets[number].happen()

    emitter = Emitter()
    emitter.connect("told", on_told)
    emit_when_idle(emitter, count, priority, ledger.expect_in_host("emissions for a handler"))


@operation(3, count=number(1, 10), priority=host_priority)
def iterate_signals(storm, count, priority):
    """All emissions in order."""
    over = storm.ledger.expect("emissions awaited")

    async def receive():
        emitter = Emitter()
        async with AioGuest.signals(emitter, "told", returns=False) as emissions:
            emit_when_idle(emitter, count, priority, storm.ledger.expect_in_host("emissions"))
            received = [(await anext(emissions))[0] for _ in range(count)]
        if received != list(range(count)) or is_connected(emitter):
            storm.ledger.object(f"{count} emissions: {received}, {is_connected(emitter)}")
        over.happen()

    AioGuest.spawn(receive())


@operation(3, way=one_of("emission", "timeout", "cancellation"), priority=host_priority)
def wait_signal(storm, way, priority):
    """Nothing stays connected, however it ends."""
    over = storm.ledger.expect("signal awaited")
    emitter = Emitter()

    async def wait():
        timeout = 0.001 if way == "timeout" else None
        try:
            if await AioGuest.wait_signal(emitter, "told", timeout, returns=False) != (0,):
                storm.ledger.object("wait_signal() returned another's arguments")
            ended = "emission"
        except TimeoutError:
            ended = "timeout"
        except asyncio.CancelledError:
            ended = "cancellation"
        if (ended != way and not storm.ending) or is_connected(emitter):
            storm.ledger.object(f"wait_signal(): {ended}, not {way}; {is_connected(emitter)}")
        over.happen()

    async def watch():
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        if way == "emission":
            emit_when_idle(emitter, 1, priority, storm.ledger.expect_in_host("emission"))
        elif way == "cancellation":
            GLib.idle_add(cancel, task, storm.ledger.expect_in_host("cancel"), priority=priority)
        await task

    def cancel(task, ticket):
        task.cancel()
        ticket.happen()
        return GLib.SOURCE_REMOVE

    AioGuest.spawn(watch())
