# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A storm: one run that does what is planned, and then waits for all that it owes."""

import asyncio
import gc
import os
import selectors
import signal
import sys
import threading

from gi.repository import AioGuest, GLib

import support

from .ledger import Ledger
from .operations import OPERATIONS
from .signals import GUEST, Handlers

LOOPS = {
    "EventLoop": AioGuest.EventLoop,
    "stock": asyncio.SelectorEventLoop,
    "select": lambda: AioGuest.EventLoop(selectors.SelectSelector()),
    "poll": lambda: AioGuest.EventLoop(selectors.PollSelector()),
}


class Storm:
    """What operations use."""

    def __init__(self, plan):
        self.plan = plan
        self.ledger = Ledger()
        self.context = GLib.MainContext.default()
        self.loop = None
        self.depth = 0
        self.duplicated = set()  # descriptors that epoll may tell of for ever
        self._kept = []
        self._threads = []
        self._signals = {}
        self._at_end = []

    def must_not_happen(self):
        self.ledger.object("what was cancelled, or has nothing to tell, was called")

    def collect(self):
        gc.collect()

    def keep(self, task):
        """Hold on to it until the run ends."""
        self._kept.append(task)

    def start_thread(self, function):
        thread = threading.Thread(target=function)
        self._threads.append(thread)
        thread.start()

    def expect_at_end(self, label):
        """What happens when the run ends: nobody waits for it before."""
        ticket = self.ledger.expect(label)
        self.ledger.outstanding.discard(ticket)
        self._at_end.append(ticket)
        return ticket

    # Signals: one that comes stands for all that were sent before.

    def expect_signal(self, signum):
        if signum == GUEST and self.plan.loop == "stock":
            # asyncio's own loop loses it to PyGObject's wakeup descriptor, or to a full pipe.
            return
        if signum not in self._signals:
            self._signals[signum] = self.ledger.expect(f"signal {signum}")

    def on_signal(self, signum):
        ticket = self._signals.pop(signum, None)
        if ticket is not None:
            ticket.happen()
        return GLib.SOURCE_CONTINUE

    # Steps.

    def do(self, step):
        OPERATIONS[step.operation][0](self, **step.arguments)

    def do_at_site(self, step):
        ledger, loop = self.ledger, self.loop

        def do(ticket):
            ticket.happen()
            self.do(step)
            return GLib.SOURCE_REMOVE

        async def do_in_task(ticket):
            do(ticket)

        if step.site == "here":
            self.do(step)
        elif step.site == "soon":
            loop.call_soon(do, ledger.expect_soon("step"))
        elif step.site == "timer":
            loop.call_later(step.delay, do, ledger.expect_timer("step", loop.time() + step.delay))
        elif step.site == "idle":
            GLib.idle_add(do, ledger.expect("step"), priority=step.priority)
        elif step.site == "timeout":
            milliseconds = int(step.delay * 1000)
            GLib.timeout_add(milliseconds, do, ledger.expect("step"), priority=step.priority)
        else:
            AioGuest.spawn(do_in_task(ledger.expect("step")))

    async def work(self, steps):
        for step in steps:
            self.do_at_site(step)
            if step.pause is not None:
                await asyncio.sleep(step.pause)

    async def settle(self):
        deadline = self.loop.time() + support.PATIENCE
        while self.ledger.outstanding or self.depth or self._alive():
            if self.loop.time() > deadline:
                self.ledger.object(f"lost: {self.ledger.outstanding}")
                break
            await asyncio.sleep(0.002)

    def _alive(self):
        return [thread for thread in self._threads if thread.is_alive()]

    async def do_plans(self):
        await asyncio.gather(*map(self.work, self.plan.workers))

    async def end_round(self):
        """Let go of all that is else held until the run ends."""
        for task in self._kept:
            task.cancel()
        await asyncio.gather(*self._kept, return_exceptions=True)
        for thread in self._threads:
            thread.join()
        self.check_end()
        self._kept.clear()
        self._threads.clear()
        self._at_end.clear()
        self.duplicated.clear()

    def check_end(self):
        missing = [ticket for ticket in self._at_end if ticket.state != "happened"]
        if missing:
            self.ledger.object(f"did not happen at the end: {missing}")

    async def main(self):
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(self.ledger.on_loop_error)
        handlers = Handlers(self)
        try:
            await self.do_plans()
        finally:
            await self.settle()
            handlers.remove()

    # The run.

    def run(self):
        """Do it all; return the problems."""
        plan = self.plan
        mode = os.environ.get("AIOGUEST_POLL_MODE")
        hook = sys.excepthook
        # What is left of the guest's signal when its handler is gone must not kill the process.
        handler = signal.signal(GUEST, lambda *_: None)
        os.environ["AIOGUEST_POLL_MODE"] = plan.poll_mode
        sys.excepthook = self.ledger.on_host_error
        try:
            support.HOSTS[plan.host](
                self.main(),
                loop_factory=LOOPS[plan.loop],
                debug=plan.debug,
                priority=plan.priority,
                slice_us=plan.slice_us,
            )
        finally:
            sys.excepthook = hook
            signal.signal(GUEST, handler)
            if mode is None:
                del os.environ["AIOGUEST_POLL_MODE"]
            else:
                os.environ["AIOGUEST_POLL_MODE"] = mode
        for thread in self._threads:
            thread.join()
        self.check_end()
        return self.ledger.problems
