# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sources of the host: of all priorities, raising, busy, and starved by nobody."""

import asyncio

from gi.repository import AioGuest, GLib

from .operations import chance, host_priority, number, operation, seconds

#: Slices that a guest may have to put off while a source of the host's is ready and waits. The guest
#: yields after one; on a machine that stops the process for a period the guest's turn comes again
#: first. Sources below idle callbacks get one turn in ten.
DEFERRED = 100
DEFERRED_LOW = 1000


@operation(4, priority=host_priority, again=number(0, 5))
def idle(storm, priority, again):
    tickets = [storm.ledger.expect_in_host("idle callback") for _ in range(again + 1)]

    def call():
        tickets.pop().happen()
        return bool(tickets)

    GLib.idle_add(call, priority=priority)


@operation(4, priority=host_priority, milliseconds=number(0, 4), again=number(0, 2))
def timeout(storm, priority, milliseconds, again):
    tickets = [storm.ledger.expect_in_host("timeout") for _ in range(again + 1)]

    def call():
        tickets.pop().happen()
        return bool(tickets)

    GLib.timeout_add(milliseconds, call, priority=priority)


@operation(3, priority=host_priority)
def watch(storm, priority):
    """The host's descriptor, which asyncio writes to."""
    near, far = storm.make_pair()
    over = storm.ledger.expect_in_host("watch")

    def read(fd, condition):
        near.recv(1)
        near.close()
        far.close()
        over.happen()
        return GLib.SOURCE_REMOVE

    GLib.io_add_watch(near.fileno(), priority, GLib.IOCondition.IN, read)
    asyncio.get_running_loop().call_soon(far.send, b"x")


@operation(2, priority=host_priority, until=seconds(0.003))
def remove(storm, priority, until):
    """A source that a timer of asyncio's removes: whichever is first."""
    loop = asyncio.get_running_loop()
    ticket = storm.ledger.expect_in_host("removed timeout")

    source = GLib.Timeout(1)
    source.set_priority(priority)
    source.set_callback(lambda *_: ticket.happen())
    source.attach(storm.context)

    def destroy():
        source.destroy()
        ticket.call_off()

    loop.call_later(until, destroy)


@operation(2, priority=host_priority)
def raise_in_host(storm, priority):
    GLib.idle_add(storm.ledger.expect_report(), priority=priority)


@operation(1, priority=host_priority, tasks=number(1, 4), low=chance(0.2))
def flood(storm, priority, tasks, low):
    """Tasks that never rest do so until an idle callback of the host has had its turn."""
    if low:
        priority = GLib.PRIORITY_LOW
    guest = AioGuest.get_run()
    before = guest.props.deferred_slices
    bound = DEFERRED_LOW if priority > GLib.PRIORITY_DEFAULT_IDLE else DEFERRED
    ticket = storm.ledger.expect_in_host(f"idle callback of priority {priority} beside a flood")
    over = False

    def turn():
        nonlocal over
        over = True
        ticket.happen()
        return GLib.SOURCE_REMOVE

    async def never_rest():
        while not over:
            await asyncio.sleep(0)
            if guest.props.deferred_slices - before > bound:
                storm.ledger.object(f"{ticket} waits for {bound} slices of {guest.props.slice} us")
                return

    for _ in range(tasks):
        AioGuest.spawn(never_rest())
    GLib.idle_add(turn, priority=priority)


@operation(1, steps=number(1, 20))
def busy_host(storm, steps):
    """A host that never rests does so until a task has made its steps."""
    ticket = storm.ledger.expect("task beside a busy host")
    rested = storm.ledger.expect_in_host("busy host")
    over = False
    turns = 0

    async def make_steps():
        nonlocal over
        for _ in range(steps):
            await asyncio.sleep(0)
        over = True
        ticket.happen()

    def be_busy():
        nonlocal turns
        turns += 1
        if turns == 1_000_000 and not storm.ending:
            storm.ledger.object(f"{ticket} waits for {turns} turns of the host")
        if over or storm.ending or turns == 1_000_000:
            rested.happen()
            return GLib.SOURCE_REMOVE
        return GLib.SOURCE_CONTINUE

    AioGuest.spawn(make_steps())
    # Less urgent than the guest: one that is more urgent may starve it.
    GLib.idle_add(be_busy, priority=GLib.PRIORITY_DEFAULT_IDLE + 60)
