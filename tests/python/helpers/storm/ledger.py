# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a storm has promised to itself, and whether it is kept."""

import asyncio
import contextvars
import sys
import time

RESOLUTION = time.get_clock_info("monotonic").resolution

#: What a step of the guest sets for what it schedules; the host's code never sees a value of it.
place_of_origin = contextvars.ContextVar("place_of_origin", default=None)


class Expected(Exception):
    """Raised by the storm itself, to be seen once in a report."""


class Ticket:
    """Something that is to happen once, unless it is called off."""

    def __init__(self, ledger, label):
        self.ledger = ledger
        self.label = label
        self.state = "open"

    def __repr__(self):
        return f"<{self.label}: {self.state}>"

    def happen(self):
        if self.state != "open":
            self.ledger.object(f"{self} happens now")
        if self.ledger.closed:
            self.ledger.object(f"{self} happens after the end of its run")
        self.check()
        self.state = "happened"
        self.ledger.settle(self)

    def call_off(self):
        """From now on it must not happen; nothing if it has."""
        if self.state == "open":
            self.state = "called off"
            self.ledger.settle(self)

    def check(self):
        """Whether it happens as it should."""


class HostTicket(Ticket):
    """A callback of the host's, which is nobody's step, wherever the main context is iterated."""

    def check(self):
        seen = [
            asyncio._get_running_loop() and asyncio.current_task(),
            place_of_origin.get(),
            sys.exc_info()[1],
        ]
        if seen != [None, None, None]:
            self.ledger.object(f"{self}, a callback of the host, sees {seen}")


class GuestTicket(Ticket):
    """A callback of the loop's: it has the context of what scheduled it."""

    def __init__(self, ledger, label):
        super().__init__(ledger, label)
        self.origin = place_of_origin.get()

    def check(self):
        if place_of_origin.get() is not self.origin:
            self.ledger.object(f"{self} has another's context: {place_of_origin.get()}")


class SoonTicket(GuestTicket):
    """At its place in the queue of call_soon()."""

    def __init__(self, ledger, label, place):
        super().__init__(ledger, label)
        self.place = place

    def check(self):
        super().check()
        if self.place <= self.ledger.last_place:
            self.ledger.object(f"{self} at {self.place} comes after {self.ledger.last_place}")
        self.ledger.last_place = self.place


class TimerTicket(GuestTicket):
    """Not before its time, nor before those that are due earlier."""

    def __init__(self, ledger, label):
        super().__init__(ledger, label)
        self.when = None  # in the loop's time, once it is known
        self.made = None  # when it was in the heap of timers, if it is a timer itself

    def is_for(self, handle):
        """What will make it happen is this timer."""
        self.when = handle.when()
        self.made = asyncio.get_running_loop().time()

    def check(self):
        super().check()
        early = self.when - asyncio.get_running_loop().time()
        if early > RESOLUTION:
            self.ledger.object(f"{self} is {early * 1e6:.1f} us early")
        if self.made is not None:
            for other in self.ledger.outstanding:
                if isinstance(other, TimerTicket) and other.should_come_before(self):
                    self.ledger.object(f"{self} for {self.when} comes before {other}, {other.when}")

    def should_come_before(self, timer):
        """Due earlier, and in the heap when *timer* was taken out."""
        return (
            self.made is not None
            and self.when < timer.when
            and self.made < timer.when - RESOLUTION
        )


class Ledger:
    def __init__(self):
        self.outstanding = set()
        self.problems = []
        self.places = 0
        self.last_place = -1
        self.count = 0
        self.closed = False  # nothing is to happen any more
        self._waiter = None
        self._reports = {}  # by the Expected that is to be reported

    def object(self, problem):
        self.problems.append(problem)

    def _expect(self, kind, label, *args):
        self.count += 1
        ticket = kind(self, f"{label} {self.count}", *args)
        self.outstanding.add(ticket)
        return ticket

    def expect(self, label):
        return self._expect(Ticket, label)

    def expect_in_host(self, label):
        return self._expect(HostTicket, label)

    def expect_timer(self, label, when=None):
        ticket = self._expect(TimerTicket, label)
        ticket.when = when
        return ticket

    def expect_soon(self, label):
        """What is given to call_soon() at once, on the guest's thread."""
        self.places += 1
        return self._expect(SoonTicket, label, self.places)

    # Waiting.

    def settle(self, ticket):
        self.outstanding.discard(ticket)
        if not self.outstanding and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def nothing_outstanding(self):
        """As soon as there is nothing, so that a run may end in the same turn."""
        while self.outstanding:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def give_up(self):
        self.object(f"lost: {self.outstanding}")
        for ticket in list(self.outstanding):
            ticket.call_off()

    # Exceptions that are reported, by asyncio's handler or by sys.excepthook.

    def expect_report(self):
        """A callback that raises what must be reported once."""
        error = Expected()
        self._reports[error] = self.expect("report")

        def fail():
            raise error

        return fail

    def reported(self, error, text):
        ticket = self._reports.pop(error, None) if isinstance(error, Expected) else None
        if ticket is None:
            self.object(f"reported: {text}: {error!r}")
        else:
            ticket.happen()
