# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loops that do something in their last round."""


def make_late_loop(kind, function):
    """A type of loops like *kind*, whose *function* is called with the loop in the round that stops it,
    once it has been stopped: the run has looked for the last time then at what it has left."""

    class Loop(kind):
        is_stopped = has_begun = False

        def stop(self):
            self.is_stopped = True
            super().stop()

        async def shutdown_default_executor(self, *args):
            await super().shutdown_default_executor(*args)
            if self.has_begun:
                # The run is drained again, because of what the function has begun.
                return
            self.has_begun = True
            waiter = self.create_future()
            self.call_soon(self.release, waiter)
            await waiter

        def release(self, waiter):
            waiter.set_result(None)
            # After the step of the drain, in each round.
            self.call_soon(self.do_in_last_round)

        def do_in_last_round(self):
            if self.is_stopped:
                function(self)
            else:
                self.call_soon(self.do_in_last_round)

    return Loop
