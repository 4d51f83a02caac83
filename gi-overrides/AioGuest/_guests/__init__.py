# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The kinds of guests, one module each, and what a life needs of all of them."""

import abc

__all__ = ['Guest']


class Guest(abc.ABC):
    """Runs one main task and whatever that begins, as the guest of a main context.

    A ``Life`` calls these methods, all on one thread. The guest in turn calls its life: ``drain()`` when the
    main task is done, and ``on_end(exception)`` in the tick that is about to end the run. *exception* got out
    of the tick, or is None if the program has stopped the guest. If ``on_end()`` returns true the run goes on.
    """

    task = None  #: The main task, for whoever has started it; it may be None.
    outcome = None  #: The ``Outcome`` of the main task, from :meth:`make` on.
    run = None  #: The ``AioGuest.Run``, from :meth:`enter` on.

    # Beginning

    @abc.abstractmethod
    def make(self, life):
        """Make all that can fail, and the outcome. The thread is as it was."""

    @abc.abstractmethod
    def discard(self):
        """Undo :meth:`make`: the life could not begin."""

    @abc.abstractmethod
    def enter(self, main_context):
        """Become the guest of this thread, with a run that is attached to *main_context*."""

    @abc.abstractmethod
    def create_main_task(self, coro):
        """Make the main task. Its first step is taken in a tick, or by :meth:`take_first_step`."""

    @abc.abstractmethod
    def take_first_step(self):
        """Have the main task take its first step now."""

    @abc.abstractmethod
    def call_in_tick(self, function):
        """Call *function* in the next tick, before anything that is not ready yet."""

    @abc.abstractmethod
    def meet_host(self):
        """Called once, when the host's loop is running: the guest can see what that does about signals."""

    # The run

    @property
    @abc.abstractmethod
    def main_context(self):
        """The ``GLib.MainContext`` that the guest has steps in, or None if there is none any more."""

    @property
    @abc.abstractmethod
    def depth(self):
        """How many ticks are going on, each nested in the one before."""

    @property
    @abc.abstractmethod
    def is_in_step(self):
        """Whether an exception that the caller raises gets out of a step, and not into the host."""

    @abc.abstractmethod
    def find_obstacle(self):
        """What keeps the guest from having ticks if the caller iterates the main context, or None."""

    @abc.abstractmethod
    def iterate(self):
        """Iterate the main context until the run is over. Raises what a signal handler raises."""

    @abc.abstractmethod
    def wake(self):
        """Have a tick in the host's next turn. Does nothing when all is over."""

    @abc.abstractmethod
    def stop(self):
        """End the run at once."""

    # Its end

    @property
    @abc.abstractmethod
    def exception(self):
        """What got out of a tick and has ended the run, or None."""

    @abc.abstractmethod
    def is_main_done(self):
        """Whether the main task has ended; False without one."""

    @abc.abstractmethod
    def cancel(self):
        """Cancel the main task: once, so that its clean-up is not cancelled, too."""

    @abc.abstractmethod
    def give_up_later(self, give_up):
        """Call *give_up* when the shutdown timeout is over, if there is one."""

    @abc.abstractmethod
    def give_up_main(self):
        """Go on without the main task, if it is not done."""

    @abc.abstractmethod
    def give_up_all(self):
        """Go on without all that has not ended: it can have no more steps."""

    @abc.abstractmethod
    def go_on(self):
        """Take back that the program has stopped the guest: there is something left to be drained."""

    @abc.abstractmethod
    def drain(self):
        """Begin to end whatever the main task has left. Does nothing if that has begun."""

    @property
    @abc.abstractmethod
    def is_drained(self):
        """Whether all has ended."""

    @abc.abstractmethod
    def drain_again(self):
        """Whether something has begun since all had ended; then that is drained, too."""

    @abc.abstractmethod
    def leave(self):
        """Detach from the main context; the thread is as it was. Does nothing if that was done."""

    @abc.abstractmethod
    def drain_rest(self):
        """Come to the end of the drain without the run."""

    @abc.abstractmethod
    def close(self):
        """Nothing has a step any more: free what :meth:`make` has made."""

    @abc.abstractmethod
    def conclude(self):
        """All is over: the outcome says whether the main task was given up. Holds the life no more."""

    # What only some kinds need

    def collect(self, exception):
        """The life has noted *exception*, which ends programs: nobody else is to be told of it."""

    def enter_again(self):
        """The thread is about to end, and has perhaps been left: become its guest again."""

    def leave_steps(self):
        """The steps on the stack will not go on. Returns whether one is the main task's."""
        return False

    def close_inside_step(self):
        """Like :meth:`close`, when the process exits inside a step."""
        self.close()

    def prepare_fork(self):
        """This process is about to be forked."""

    def forget(self):
        """In a forked child: do nothing any more."""

    def end_child(self, error):
        """End this process: a step has forked, and is over in the child. *error* got out of it, or is None."""
