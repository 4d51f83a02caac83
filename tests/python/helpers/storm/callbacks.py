# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Callbacks of asyncio: queued, timed, cancelled, raising."""

import asyncio

from .operations import chance, number, operation, seconds


@operation(6, count=number(1, 20), threadsafe=chance(0.2))
def call_soon(storm, count, threadsafe):
    loop = asyncio.get_running_loop()
    call = loop.call_soon_threadsafe if threadsafe else loop.call_soon
    for _ in range(count):
        call(storm.ledger.expect_soon("call_soon").happen)


@operation(3, count=number(2, 20), cancelled=number(0, 19))
def call_soon_and_cancel(storm, count, cancelled):
    loop = asyncio.get_running_loop()
    tickets = [storm.ledger.expect_soon("cancelled call_soon") for _ in range(count)]
    handles = [loop.call_soon(ticket.happen) for ticket in tickets]
    handles[cancelled % count].cancel()
    tickets[cancelled % count].call_off()


@operation(6, delay=seconds(0.004), absolute=chance(0.5))
def call_later(storm, delay, absolute):
    loop = asyncio.get_running_loop()
    ticket = storm.ledger.expect_timer("timer")
    if absolute:
        ticket.is_for(loop.call_at(loop.time() + delay, ticket.happen))
    else:
        ticket.is_for(loop.call_later(delay, ticket.happen))


@operation(3, delay=seconds(0.004), until=seconds(0.004))
def call_later_and_cancel(storm, delay, until):
    """The two race: whichever is first."""
    loop = asyncio.get_running_loop()
    ticket = storm.ledger.expect_timer("cancelled timer")
    handle = loop.call_later(delay, ticket.happen)
    ticket.is_for(handle)
    canceller = storm.ledger.expect_timer("canceller")

    def cancel():
        canceller.happen()
        handle.cancel()
        ticket.call_off()

    canceller.is_for(loop.call_later(until, cancel))


@operation(1, count=number(101, 300))
def cancel_many_timers(storm, count):
    """So many that asyncio makes its heap anew."""
    loop = asyncio.get_running_loop()
    for handle in [loop.call_later(3600, storm.must_not_happen) for _ in range(count)]:
        handle.cancel()


@operation(2)
def raise_in_callback(storm):
    asyncio.get_running_loop().call_soon(storm.ledger.expect_report())


@operation(1)
def collect(storm):
    storm.collect()
