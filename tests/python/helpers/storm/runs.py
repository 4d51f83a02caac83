# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A storm: one run that does what is planned, gust after gust, and then ends."""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading

from gi.repository import AioGuest, GLib

import support

from .endings import ENDINGS
from .ledger import Ledger, place_of_origin
from .operations import OPERATIONS
from .places import HOSTS, LOOPS
from .signals import GUEST, Handlers

#: Of the storm's own callbacks of the host, and of tasks that they start, when the run around them ends.
TOO_LATE = (
    "Executor shutdown has been called",
    "Event loop is closed",
    "no running event loop",
    "no guest run is going on in this thread",
    "the guest run ended while",
)


class Storm:
    """What operations use."""

    def __init__(self, plan):
        self.plan = plan
        self.ledger = Ledger()
        self.context = GLib.MainContext.default()
        self.loop = None
        self.depth = 0
        self.ending = False  # in the midst of it: what is outstanding need not happen any more
        self.duplicated = set()  # descriptors that epoll may tell of for ever
        self.sockets = []
        self._kept = []
        self._threads = []
        self._signals = {}
        self._at_end = []

    def must_not_happen(self):
        self.ledger.object("what was cancelled, or has nothing to tell, was called")

    def collect(self):
        gc.collect()

    def make_pair(self):
        pair = socket.socketpair()
        for end in pair:
            end.setblocking(False)
        self.sockets += pair
        return pair

    def keep(self, task):
        """Hold on to it until the run ends."""
        self._kept.append(task)

    def start_thread(self, function):
        if self.ending:
            return

        def run():
            try:
                function()
            except RuntimeError as error:
                if not (self.ending and str(error).startswith(TOO_LATE)):
                    raise

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()

    def must_happen_before_the_end(self, ticket):
        self._at_end.append(ticket)

    def expect_at_end(self, label):
        """What happens when the run ends: nobody waits for it before."""
        ticket = self.ledger.expect(label)
        self.ledger.outstanding.discard(ticket)
        self.must_happen_before_the_end(ticket)
        return ticket

    def is_over(self):
        return self.loop.is_closed()

    def current_task(self):
        return None if asyncio._get_running_loop() is None else asyncio.current_task()

    def origin(self):
        return place_of_origin.get()

    # Signals: one that comes stands for all that were sent before.

    def expect_signal(self, signum):
        if signum == GUEST and self.plan.loop == "stock":
            # asyncio's own loop loses it to PyGObject's wakeup descriptor, or to a full pipe.
            return
        if signum not in self._signals:
            expect = self.ledger.expect if signum == GUEST else self.ledger.expect_in_host
            self._signals[signum] = expect(f"signal {signum}")

    def on_signal(self, signum):
        ticket = self._signals.pop(signum, None)
        if ticket is not None:
            ticket.happen()
        return GLib.SOURCE_CONTINUE

    # Steps.

    def do(self, step):
        # asyncio.Runner does not await what is started while it closes.
        if self.ending and self.plan.host == "runner":
            return
        OPERATIONS[step.operation][0](self, **step.arguments)

    def do_at_site(self, step):
        ledger, loop = self.ledger, self.loop

        def do_in_host(ticket):
            # Left over from the midst of the storm.
            if not self.is_over():
                ticket.happen()
                self.do(step)
            return GLib.SOURCE_REMOVE

        def do_in_guest(ticket):
            ticket.happen()
            place_of_origin.set(ticket.label)
            self.do(step)

        async def do_in_task(ticket):
            do_in_guest(ticket)

        if step.site == "here":
            self.do(step)
        elif step.site == "soon":
            loop.call_soon(do_in_guest, ledger.expect_soon("step"))
        elif step.site == "timer":
            ticket = ledger.expect_timer("step")
            ticket.is_for(loop.call_later(step.delay, do_in_guest, ticket))
        elif step.site == "idle":
            GLib.idle_add(do_in_host, ledger.expect_in_host("step"), priority=step.priority)
        elif step.site == "timeout":
            ticket = ledger.expect_in_host("step")
            GLib.timeout_add(int(step.delay * 1000), do_in_host, ticket, priority=step.priority)
        elif step.site == "thread":
            ticket = ledger.expect("step")
            self.start_thread(lambda: loop.call_soon_threadsafe(do_in_guest, ticket))
        else:
            eager = step.site == "eager"
            AioGuest.spawn(do_in_task(ledger.expect("step")), eager=eager)

    async def work(self, steps):
        place_of_origin.set(asyncio.current_task().get_name())
        for step in steps:
            self.do_at_site(step)
            if step.pause is not None:
                await asyncio.sleep(step.pause)

    async def settle(self):
        """Wait until nothing is outstanding. No timer ends the sleep of a loop that has not been woken."""
        limit = self.loop.call_later(support.PATIENCE, self.ledger.give_up)
        try:
            while self.ledger.outstanding or self._threads:
                await self.ledger.nothing_outstanding()
                # None of them waits for the guest.
                self.join_threads()
        finally:
            limit.cancel()

    def join_threads(self):
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    async def do_gusts(self):
        gusts = self.plan.gusts
        for number, gust in enumerate(gusts, 1):
            workers = [asyncio.create_task(self.work(steps)) for steps in gust]
            if number == len(gusts) and self.plan.ending != "return":
                await asyncio.sleep(self.plan.end_after)
                return
            await asyncio.gather(*workers)
            await self.settle()
            if self.ledger.problems:
                break

    async def end_round(self):
        """Let go of all that is else held until the run ends."""
        for task in self._kept:
            task.cancel()
        await asyncio.gather(*self._kept, return_exceptions=True)
        self.check_end()
        self.forget()

    def forget(self):
        for each in self.sockets:
            each.close()
        self.sockets.clear()
        self._kept.clear()
        self._at_end.clear()
        self.duplicated.clear()

    def check_end(self):
        missing = [ticket for ticket in self._at_end if ticket.state != "happened"]
        if missing:
            self.ledger.object(f"did not happen at the end: {missing}")

    async def main(self):
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(self.on_loop_error)
        handlers = Handlers(self)
        try:
            await self.do_gusts()
            self.ending = self.plan.ending != "return"
            await ENDINGS[self.plan.ending][0]()
        finally:
            self.ending = self.plan.ending != "return"
            self.join_threads()
            handlers.remove()

    def on_loop_error(self, loop, context):
        self.reported(context.get("exception"), str(context))

    def on_host_error(self, kind, error, traceback):
        self.reported(error, "by the host")

    def reported(self, error, text):
        late = (asyncio.InvalidStateError, *ENDINGS[self.plan.ending][1])
        # Of a task that a callback of the host has started in the meantime.
        too_late = str(error).startswith(TOO_LATE) or "after loop.shutdown_asyncgens()" in str(error)
        if self.ending and (isinstance(error, late) or too_late):
            return
        self.ledger.reported(error, text)

    # The run.

    def run(self):
        """Do it all; return the problems."""
        plan = self.plan
        mode = os.environ.get("AIOGUEST_POLL_MODE")
        hook = sys.excepthook
        # What is left of the guest's signal when its handler is gone must not kill the process.
        handler = signal.signal(GUEST, lambda *_: None)
        os.environ["AIOGUEST_POLL_MODE"] = plan.poll_mode
        sys.excepthook = self.on_host_error
        error = None
        try:
            HOSTS[plan.host](
                self.main(),
                loop_factory=LOOPS[plan.loop][0],
                debug=plan.debug,
                priority=plan.priority,
                slice_us=plan.slice_us,
            )
        except BaseException as caught:
            error = caught
        finally:
            sys.excepthook = hook
            signal.signal(GUEST, handler)
            if mode is None:
                del os.environ["AIOGUEST_POLL_MODE"]
            else:
                os.environ["AIOGUEST_POLL_MODE"] = mode
        self.ledger.closed = True
        self.check_outcome(error)
        self.check_end()
        self.forget()
        return self.ledger.problems

    def check_outcome(self, error):
        wanted = ENDINGS[self.plan.ending][1]
        if self.plan.host == "application" and self.plan.ending == "cancellation":
            # As when it quits.
            wanted = ()
        if error is not None and not isinstance(error, wanted):
            raise error
        if error is None and wanted:
            self.ledger.object(f"ended by nothing, not by {wanted}")
