# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The outcome of a main task, and who receives it."""

import abc
import sys

__all__ = ['Outcome']


class Outcome(abc.ABC):
    """What came of a main task, for whoever asks, or else for the guest's exception handler.

    The task has the methods ``done()``, ``cancelled()``, ``exception()`` and ``result()`` of a future.
    """

    def __init__(self):
        self.task = None  # there may be none
        self.exception = None  # that counts instead of it: what got out of the loop, for one
        self.stopped = False  # by the user, before the main task was done
        self.signals = []  # that have arrived
        self.is_given_up = False  # known at the end: it did not end when it was cancelled
        self.is_asked_for = False  # by whoever runs the host
        self.is_copy = False  # in a forked child

    def conclude(self, done_callback):
        """Hand the main task over; what it raised is told once, now."""
        if self.exception is not None and self.task is not None and self.is_unseen():
            # The same, or one that it has overtaken.
            self.task.exception()
        if self.task is not None and not self.task.done():
            self.end_task(self._get_error())
        if self.task is not None and done_callback is not None:
            try:
                done_callback(self.task)
            except (SystemExit, KeyboardInterrupt) as error:
                # As out of a callback of the loop: GLib can't pass it on.
                self.exception = error
            except BaseException as error:
                self.tell(
                    {
                        'message': 'Exception in the done_callback of AioGuest.start()',
                        'exception': error,
                        'task': self.task,
                    }
                )
        if not self.is_asked_for:
            self.report()

    def report(self):
        """Tell the exception handler of what nobody will ask for."""
        if self.is_interrupted():
            return
        error = self.exception
        if error is None and self.task is not None and self.is_unseen():
            error = self.task.exception()
        if error is not None:
            self.tell(
                {
                    'message': 'Exception in the main task of AioGuest.start()',
                    'exception': error,
                    'task': self.task,
                }
            )

    def is_interrupted(self):
        """Whether it was a signal that ended the main task."""
        if self.exception is not None:
            return bool(self.signals) and isinstance(self.exception, KeyboardInterrupt)
        return bool(self.signals) and (self.task is None or self.task.cancelled())

    def has_failed(self):
        """Whether something other than the end of the application ended the main task."""
        if self.exception is not None or self.stopped:
            return True
        return (
            not self.is_given_up
            and self.task is not None
            and self.task.done()
            and not self.task.cancelled()
            and self.task.exception() is not None
        )

    def result(self):
        """Return or raise it, as ``asyncio.run()`` does."""
        error = self._get_error()
        if error is not None:
            raise error
        if self.is_copy and not self.task.done():
            raise RuntimeError(
                'this process was forked during the run, which goes on only in the parent process'
            )
        return self.get_result()

    def _get_error(self):
        """What counts instead of what the main task came to, or None."""
        if self.exception is not None:
            return self.exception
        if self.stopped:
            return RuntimeError('Event loop stopped before Future completed.')
        if self.is_given_up:
            return RuntimeError('the main task did not end when it was cancelled, and was given up')
        return None

    def tell(self, context):
        """Call the exception handler, when no loop is there any more to end for it."""
        try:
            self.call_handler(context)
        except BaseException as error:
            # GLib can't pass it on: SystemExit would end the process in the middle of this.
            if self.is_asked_for:
                self.exception = error
            else:
                sys.excepthook(type(error), error, error.__traceback__)

    # What each kind of guest does in its own way

    @abc.abstractmethod
    def is_unseen(self):
        """Whether the main task has raised an exception that nobody has asked for."""

    @abc.abstractmethod
    def end_task(self, error):
        """Have the main task, which can't come to its own end, be done with *error*."""

    @abc.abstractmethod
    def get_result(self):
        """Return or raise what the main task has; KeyboardInterrupt if a signal has cancelled it."""

    @abc.abstractmethod
    def call_handler(self, context):
        """Call the exception handler with *context*, a dict as asyncio's handlers get it."""
