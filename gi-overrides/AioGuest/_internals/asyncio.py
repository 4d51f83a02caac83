# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""asyncio's private parts, as far as the Python side needs them."""

import asyncio
import contextlib
import functools
import gc
import sys
import threading

from .. import _core

__all__ = [
    'attach_child_watcher',
    'clear_stopping',
    'closes_generator',
    'collect_exception',
    'create_eager_task',
    'detach_child_watcher',
    'end_at_return',
    'end_task',
    'enter_running',
    'forget_running',
    'forget_task',
    'get_error_of_step',
    'get_queues',
    'get_running_thread',
    'get_shadow_of_cancel',
    'get_signal_placeholder',
    'get_waiter',
    'has_uncollected_exception',
    'is_runner_handler',
    'is_to_be_cancelled',
    'is_to_be_reported',
    'is_to_call_back',
    'is_to_close_generators',
    'leave_running',
    'may_have_generators',
    'run_first_step',
    'set_running_again',
    'take_cancellation',
    'without_current_task',
]


def enter_running(loop):
    """Make *loop* the running loop of this thread, as the beginning of ``run_forever()`` does.

    Returns what :func:`leave_running` needs.
    """
    loop._check_closed()
    loop._check_running()
    hooks = None if hasattr(loop, '_run_forever_setup') else sys.get_asyncgen_hooks()
    try:
        if hooks is None:
            loop._run_forever_setup()
        else:
            _set_up(loop)
    except BaseException:
        leave_running(loop, hooks)
        raise
    return hooks


def _set_up(loop):
    """Do what ``_run_forever_setup()`` does from Python 3.13 on."""
    loop._set_coroutine_origin_tracking(loop.get_debug())
    loop._thread_id = threading.get_ident()
    sys.set_asyncgen_hooks(
        firstiter=loop._asyncgen_firstiter_hook, finalizer=loop._asyncgen_finalizer_hook
    )
    asyncio._set_running_loop(loop)


def leave_running(loop, hooks):
    """Undo :func:`enter_running`, as the end of ``run_forever()`` does."""
    if hooks is None:
        loop._run_forever_cleanup()
        return

    loop._stopping = False
    loop._thread_id = None
    asyncio._set_running_loop(None)
    loop._set_coroutine_origin_tracking(False)
    sys.set_asyncgen_hooks(*hooks)


def forget_running(loop, hooks):
    """Give back to this thread what it had before :func:`enter_running`, and leave *loop* alone.

    A loop that is not running any more would be closed when it is collected; and in a forked
    child the copy of a loop shares its selector with the parent.
    """
    if hooks is None:
        hooks = getattr(loop, '_old_agen_hooks', None)
    asyncio._set_running_loop(None)
    if hooks is not None:
        sys.set_asyncgen_hooks(*hooks)


def end_at_return(loop, end):
    """In a forked child: have *loop* call *end* when a step that has forked comes back to it.

    Either the next handle does, which stands before all that the parent's loop has to do, or the report of an
    exception, which *end* is called with instead: a handler of the parent's has no business here.
    """
    loop._ready.appendleft(asyncio.Handle(end, (None,), loop))
    report = loop.call_exception_handler

    def call_exception_handler(context):
        # Others are of objects that the child has freed.
        if 'handle' in context:
            end(context.get('exception'))
        report(context)

    loop.call_exception_handler = call_exception_handler


def get_error_of_step(error, tasks):
    """What a step that has forked has come to in the child, or None; *tasks* are those from before the fork.

    No other task than that of the step can have ended since. *error* is what has got out of the step. From Python
    3.14 on, where a child has no current task, asyncio complains of that and hides the exception of a task.
    """
    if error is not None and not _is_of_left_task(error):
        return error
    for task in tasks:
        if task.done() and not task.cancelled() and task.exception() is not None:
            return task.exception()
    return None


def _is_of_left_task(error):  # pragma: no cover - Python 3.14
    return (
        type(error) is RuntimeError
        and getattr(error.__traceback__, 'tb_next', None) is None
        and 'is not the running loop' in str(error)
    )


def clear_stopping(loop):
    """Take back a ``loop.stop()``."""
    loop._stopping = False


def set_running_again(loop):
    """Make *loop* the running one of this thread, as it was, though it may have been left."""
    asyncio._set_running_loop(loop)


def get_running_thread(loop):
    """The identifier of the thread that the loop is running in, or None."""
    return getattr(loop, '_thread_id', None)


def get_queues(loop):
    """Return what is pending in a loop of this thread, as a tuple.

    The items are: how many callbacks are ready; a list of the times, by the loop's clock, at which
    timers are due that were not cancelled; how many descriptors the selector watches. An item is
    None if it is unknown.
    """
    ready = getattr(loop, '_ready', None)
    timers = getattr(loop, '_scheduled', None)
    selector = getattr(loop, '_selector', None)
    map_of_keys = selector.get_map() if hasattr(selector, 'get_map') else None
    return (
        None if ready is None else sum(not handle.cancelled() for handle in list(ready)),
        None if timers is None else [timer.when() for timer in timers if not timer.cancelled()],
        None if map_of_keys is None else len(map_of_keys),
    )


def get_waiter(task):
    """The future that a task waits for, or None if there is none or it is unknown."""
    return getattr(task, '_fut_waiter', None)


def get_shadow_of_cancel(task):
    """The ``cancel`` that somebody has set on *task* itself, or None."""
    cancel = task.cancel
    return None if cancel == type(task).cancel.__get__(task) else cancel


def is_to_be_cancelled(task):
    """Whether the next await of the current *task* will raise CancelledError. False if unknown."""
    return getattr(task, '_must_cancel', False)


def take_cancellation(task):
    """Have the next await of the current *task* not raise CancelledError, if it would.

    Returns how many requests the task does not count any more because of that, and the message.
    Returns None if the await would not raise, or if that can't be changed.
    """
    if not is_to_be_cancelled(task):
        return None
    msg = getattr(task, '_cancel_message', None)
    requests = type(task).cancelling(task)
    # First, because this may fail for lack of memory.
    _clear_must_cancel(task)
    for _ in range(requests):
        # From Python 3.13 on this alone clears the flag.
        type(task).uncancel(task)
    if task._must_cancel:
        for _ in range(requests):
            type(task).cancel(task, msg)
        return None
    return requests, msg


def _clear_must_cancel(task):
    try:
        # This works for a task that is implemented in Python.
        task._must_cancel = False
    except AttributeError:
        if _learn_must_cancel():
            _core.clear_must_cancel(task)


@functools.cache
def _learn_must_cancel():
    coro = _do_nothing()
    sample = asyncio.Task(coro, loop=_NoLoop())
    forget_task(sample)
    coro.close()
    return _core.learn_must_cancel(sample)


async def _do_nothing():
    pass


class _NoLoop:
    """The part of a loop that is needed to make a task that never begins."""

    def get_debug(self):
        return False

    def call_soon(self, *args, **kwargs):
        pass


def _get_type_of_closing():
    async def generate():
        yield

    closing = generate().aclose()
    # So that Python does not warn that it was never awaited.
    closing.close()
    return type(closing)


_Closing = _get_type_of_closing()


def closes_generator(task):
    """Whether *task* is one that a loop makes to close a dropped asynchronous generator."""
    return isinstance(task.get_coro(), _Closing)


def may_have_generators(loop):
    """Whether *loop* has asynchronous generators that must be shut down. True if unknown."""
    return bool(getattr(loop, '_asyncgens', True))


def is_to_close_generators(loop):
    """Whether the loop will make or begin a task that closes a generator, in its next round.

    Ask on the loop's thread. False if unknown.
    """
    for handle in list(getattr(loop, '_ready', ())):
        task = getattr(getattr(handle, '_callback', None), '__self__', None)
        if isinstance(task, asyncio.Task) and closes_generator(task):
            return True
        # Or the callback will call the loop's create_task() with one of these.
        for argument in getattr(handle, '_args', None) or ():
            if isinstance(argument, _Closing):
                return True
    return False


def is_to_call_back(loop):
    """Whether the loop will call a done callback of a future in its next round.

    Ask on the loop's thread. False if unknown.
    """
    for handle in list(getattr(loop, '_ready', ())):
        callback = getattr(handle, '_callback', None)
        # A callback by which a task goes on does not count.
        if isinstance(getattr(callback, '__self__', None), asyncio.Task):
            continue
        if any(isinstance(each, asyncio.Future) for each in getattr(handle, '_args', None) or ()):
            return True
    return False


def has_uncollected_exception(task):
    """Whether the task has failed, and nobody has asked for its exception."""
    if not task.done() or task.cancelled():
        return False
    # Without the attribute that is unknown: to report it twice is better than not at all.
    return getattr(task, '_log_traceback', True) and task.exception() is not None


def is_to_be_reported(exception):
    """Whether *exception*, of a task, must be reported because nobody learns of it otherwise.

    It may be None. SystemExit and KeyboardInterrupt get out of the loop as well, and end the run.
    """
    return exception is not None and not isinstance(exception, (SystemExit, KeyboardInterrupt))


def collect_exception(exception):
    """Have asyncio not report tasks that have failed with *exception*, which is reported elsewhere.

    Only for exceptions that end a program: this searches all objects, because a loop does not know
    its tasks any more when they are done.
    """
    # By type(), as asking an object for its class can run its code.
    for task in [o for o in gc.get_objects() if issubclass(type(o), asyncio.Task)]:
        if getattr(task, '_exception', None) is exception:
            task.exception()


def forget_task(task):
    """Have asyncio not report a pending task that nobody will ever wait for."""
    task._log_destroy_pending = False


def end_task(task, error):
    """Make a pending task done with *error*, when it can't come to its own end.

    This calls the method of a future that a task overrides. The done callbacks of the task are not
    called: the loop is closed. asyncio does not complain if nobody asks for the exception.
    """
    for kind in (asyncio.Future, getattr(asyncio.futures, '_PyFuture', asyncio.Future)):
        if isinstance(task, kind):
            with contextlib.suppress(Exception):
                kind.set_exception(task, error)
            if task.done():
                task.exception()
            return


def is_runner_handler(handler):
    """Whether *handler* is the one for SIGINT of an ``asyncio.Runner`` that is running."""
    function = getattr(getattr(handler, 'func', None), '__func__', None)
    return function is not None and function is getattr(asyncio.Runner, '_on_sigint', None)


def get_signal_placeholder():
    """The handler that asyncio sets for a signal with a callback in a loop, or None if unknown."""
    return getattr(asyncio.unix_events, '_sighandler_noop', None)


def attach_child_watcher(loop):
    """Have the program's child watcher use *loop*, as ``asyncio.run()`` does on the main thread.

    Returns the watcher, or None if the program has set none. From Python 3.14 on there are none.
    """
    if not hasattr(asyncio, 'AbstractChildWatcher'):
        return None
    watcher = getattr(asyncio.get_event_loop_policy(), '_watcher', None)
    if watcher is not None:
        watcher.attach_loop(loop)
    return watcher


def detach_child_watcher(watcher, loop):
    """Undo :func:`attach_child_watcher`, before *loop* is closed."""
    if getattr(watcher, '_loop', None) is loop:
        watcher.attach_loop(None)


@contextlib.contextmanager
def without_current_task(loop, task):
    """Have no current task in the ``with`` block; *task* is the current one, or None."""
    if task is not None:
        asyncio.tasks._leave_task(loop, task)
    try:
        yield
    finally:
        if task is not None:
            asyncio.tasks._enter_task(loop, task)


def _is_step(handle, task):
    """Whether *handle* is for a step of *task*: the callbacks of steps are methods of the task."""
    return getattr(handle._callback, '__self__', None) is task


def run_first_step(loop, task):
    """Run now the first step of *task*, which is in the ready queue since the task was created.

    Its handle stays in the queue, cancelled. Other threads may have put handles behind it, and
    while they may put more, none can be removed from the middle. If the loop begins tasks in
    another way, there is no such handle: then this does nothing.
    """
    ready = getattr(loop, '_ready', ())
    place = -1
    try:
        while not _is_step(handle := ready[place], task):
            place -= 1
    except IndexError:
        return
    step, context = handle._callback, handle._context
    handle.cancel()
    with without_current_task(loop, asyncio.current_task(loop)):
        context.run(step)


def create_eager_task(loop, coro, *, name=None):
    """Create a task that has run up to its first suspension when this function returns.

    Task factories decide for themselves whether their tasks are eager.
    """
    if loop.get_task_factory() is not None:
        return loop.create_task(coro, name=name)

    if hasattr(asyncio, 'eager_task_factory'):
        task = asyncio.Task.__new__(asyncio.Task)
        try:
            task.__init__(coro, loop=loop, name=name, eager_start=True)
        except (SystemExit, KeyboardInterrupt):
            # The same as below.
            task.exception()
            raise
        return task

    task = loop.create_task(coro, name=name)
    try:
        run_first_step(loop, task)
    except BaseException:
        if task.done():
            # The caller gets the exception, so asyncio must not report it, too.
            task.exception()
        else:
            # It has not begun, and nothing will begin it now.
            forget_task(task)
        raise
    return task
