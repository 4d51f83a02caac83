# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a storm has promised to itself, and whether it is kept."""

import asyncio
import time

RESOLUTION = time.get_clock_info("monotonic").resolution


class Expected(Exception):
    """Raised by the storm itself, to be seen once in a report."""


class Ticket:
    """Something that is to happen once, unless it is called off."""

    __slots__ = ("ledger", "label", "when", "place", "state")

    def __init__(self, ledger, label, when=None, place=None):
        self.ledger = ledger
        self.label = label
        self.when = when  # in the loop's time, or None for any
        self.place = place  # in the queue of call_soon(), or None if it is not in there
        self.state = "open"

    def __repr__(self):
        return f"<{self.label}: {self.state}>"

    def happen(self):
        ledger = self.ledger
        if self.state != "open":
            ledger.object(f"{self} happens now")
        self.state = "happened"
        ledger.outstanding.discard(self)
        if self.when is not None:
            early = self.when - asyncio.get_running_loop().time()
            if early > RESOLUTION:
                ledger.object(f"{self} is {early * 1e6:.1f} us early")
        if self.place is not None:
            if self.place <= ledger.last_place:
                ledger.object(f"{self} at place {self.place} comes after {ledger.last_place}")
            ledger.last_place = self.place

    def call_off(self):
        """From now on it must not happen; nothing if it has."""
        if self.state == "open":
            self.state = "called off"
            self.ledger.outstanding.discard(self)


class Ledger:
    def __init__(self):
        self.outstanding = set()
        self.problems = []
        self.places = 0
        self.last_place = -1
        self.count = 0
        self.reports = {}  # by the Expected that is to be reported

    def object(self, problem):
        self.problems.append(problem)

    def expect(self, label, **details):
        self.count += 1
        ticket = Ticket(self, f"{label} {self.count}", **details)
        self.outstanding.add(ticket)
        return ticket

    def expect_timer(self, label, when):
        return self.expect(label, when=when)

    def expect_soon(self, label):
        """What is given to call_soon() at once, on the guest's thread."""
        self.places += 1
        return self.expect(label, place=self.places)

    # Exceptions that are reported, by asyncio's handler or by sys.excepthook.

    def expect_report(self):
        """A callback that raises what must be reported once."""
        error = Expected()
        self.reports[error] = self.expect("report")

        def fail():
            raise error

        return fail

    def reported(self, error, text):
        ticket = self.reports.pop(error, None) if isinstance(error, Expected) else None
        if ticket is None:
            self.object(f"reported: {text}: {error!r}")
        else:
            ticket.happen()

    def on_loop_error(self, loop, context):
        self.reported(context.get("exception"), str(context))

    def on_host_error(self, kind, error, traceback):
        self.reported(error, "by the host")
