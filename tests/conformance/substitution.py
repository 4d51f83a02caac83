# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Put another event loop class in the place of asyncio's selector loop.

Only names are exchanged: the stock class itself stays as it is, being the
base of the class that replaces it.  Whoever asks asyncio for a loop (by class
name, through the default policy, ``new_event_loop()``, ``asyncio.run()`` or a
``Runner``) gets the other one, with whatever selector it asks for.
"""

import asyncio
import asyncio.unix_events
import functools
import importlib
import threading


class Census:
    """What was done with the substituted class, as a proof that it was used."""

    def __init__(self):
        self._lock = threading.Lock()
        self.restart()

    def restart(self):
        self.loops = 0
        self.runs = 0
        self.threads = set()
        self.ticks = 0
        self.native_runs = 0

    def count_loop(self):
        with self._lock:
            self.loops += 1

    def count_run(self):
        with self._lock:
            self.runs += 1
            self.threads.add(threading.get_ident())

    def count_ticks(self, ticks, native):
        with self._lock:
            self.ticks += ticks
            self.native_runs += native

    def as_dict(self):
        return {"loops": self.loops, "runs": self.runs, "threads": len(self.threads),
                "ticks": self.ticks, "native_runs": self.native_runs}


def load_class(spec):
    """Return the class that `spec`, "MODULE:NAME", names."""
    module_name, _, name = spec.partition(":")
    if module_name.startswith("gi.repository."):
        import gi

        gi.require_version(module_name.rpartition(".")[2], "1.0")
    return getattr(importlib.import_module(module_name), name)


def count_use(loop_class, census):
    """Let `census` count the instances of `loop_class` and their runs.

    The methods are wrapped in place and not in a subclass: what is tested
    is the very class that applications use.
    """
    init, run_forever = loop_class.__init__, loop_class.run_forever

    @functools.wraps(init)
    def counted_init(self, *args, **kwargs):
        census.count_loop()
        init(self, *args, **kwargs)

    @functools.wraps(run_forever)
    def counted_run_forever(self):
        census.count_run()
        return run_forever(self)

    loop_class.__init__ = counted_init
    loop_class.run_forever = counted_run_forever


def count_ticks(census):
    """Let `census` count the dispatches by GLib, and which tick they were.

    Ticks are the counter of the C run object.  There is no public way to ask
    at the end of a run, so this looks in at the place where it ends.
    """
    from gi.overrides.AioGuest import _session

    leave = _session.Session.leave

    @functools.wraps(leave)
    def counted_leave(self):
        if _session.get_session(self.loop) is self:
            census.count_ticks(self.run.get_property("ticks"), self.guest.native)
        leave(self)

    _session.Session.leave = counted_leave


def substitute(loop_class):
    """Replace asyncio's selector loop by `loop_class` in this process."""
    unix_events = asyncio.unix_events
    stock = unix_events._UnixSelectorEventLoop
    if not issubclass(loop_class, stock):
        raise TypeError(f"{loop_class!r} is no subclass of {stock!r}")

    for module in (asyncio, unix_events):
        for name, value in list(vars(module).items()):
            if value is stock:
                setattr(module, name, loop_class)

    policy = unix_events._UnixDefaultEventLoopPolicy
    if policy._loop_factory is not stock:
        raise RuntimeError("the default policy does not make selector loops")
    policy._loop_factory = loop_class

    loop = asyncio.new_event_loop()
    try:
        if type(loop) is not loop_class:
            raise RuntimeError(f"asyncio.new_event_loop() still makes a {type(loop)!r}")
    finally:
        loop.close()
