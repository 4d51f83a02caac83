# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The calls of one handler for one object."""

from ._awaitables import cancel_task

__all__ = ['Beginning', 'Call', 'Calls']


class Call:
    """A call that has not begun; *scope* is the time that its task may take, or None for no limit."""

    def __init__(self, args, kwargs, scope):
        self.args = args
        self.kwargs = kwargs
        self.scope = scope

    def is_too_late(self):
        return self.scope is not None and self.scope.is_over

    def drop(self):
        if self.scope is not None:
            self.scope.leave()


class Beginning:
    """A call whose first step goes on. The step may call the handler again, or cancel itself."""

    is_cancelled = False


class Calls:
    """The calls of one handler for one object: those that are going on, and those that wait for their turn."""

    def __init__(self):
        self.beginnings = []
        self.running = set()
        self.waiting = []
        self._cancelled = set()

    def are_going_on(self):
        return bool(self.beginnings or self.running)

    def forget_ended(self):
        """Forget tasks that are done and whose done callbacks did not run yet. Forget tasks that were given up
        at the end of their run, which are never done, and the calls that wait for them."""
        given_up = {task for task in self.running if task.get_loop().is_closed()}
        for task in list(self.running):
            if task in given_up or task.done():
                self.discard(task)
        if given_up and not self.are_going_on():
            self.drop_waiting()

    def drop_waiting(self):
        while self.waiting:
            self.waiting.pop().drop()

    def discard(self, task):
        self.running.discard(task)
        self._cancelled.discard(task)

    def cancel(self):
        """Cancel each task once: a second cancellation would cut its clean-up."""
        for beginning in self.beginnings:
            beginning.is_cancelled = True
        for task in self.running - self._cancelled:
            self.cancel_task(task)

    def cancel_task(self, task):
        self._cancelled.add(task)
        cancel_task(task)
