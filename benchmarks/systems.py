# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The systems that are compared, and how each is started.

Nothing is imported before a system is asked to run: each is alone in its process.
"""

import asyncio
import dataclasses
import functools
from collections.abc import Callable, Mapping

from cases import Unavailable

__all__ = [
    'BASELINE', 'NO_LOOP', 'OURS', 'SYSTEMS', 'Host', 'System', 'find_system', 'import_aioguest',
]

#: What ratios are to.
BASELINE = 'asyncio'
#: The system that aims are for: what a user gets without asking for anything.
OURS = 'aioguest-native-direct'
#: No system: the bound of a case, see Case.no_loop.
NO_LOOP = 'no loop'


class Host:
    """What a case knows of the system that it is run on."""

    def __init__(self, system):
        self._system = system

    @property
    def system(self):
        """The name of the system."""
        return self._system.name

    @property
    def is_guest(self):
        """Does a GLib main context turn while the system runs?"""
        return self._system.is_guest

    @property
    def is_ours(self):
        return self._system.is_ours

    @property
    def is_hosted(self):
        """Does somebody else iterate the main context, so that an application can run there?"""
        return self._system.run is _run_aioguest

    @property
    def main_context(self):
        """The ``GLib.MainContext`` that turns, None if there is none."""
        if not self.is_guest:
            return None
        from gi.repository import GLib

        return GLib.MainContext.default()

    def run(self, coroutine_function):
        """Run ``coroutine_function()`` to its end on the system; returns its result."""
        return self._system.run(coroutine_function)

    def call_from_host(self, function, delay_ms=0):
        """Have the main context call *function* once, at the default priority, after a while."""
        if not self.is_guest:
            raise Unavailable('no host')
        from gi.repository import GLib

        def call():
            function()
            return GLib.SOURCE_REMOVE

        if delay_ms:
            GLib.timeout_add(delay_ms, call)
        else:
            GLib.idle_add(call, priority=GLib.PRIORITY_DEFAULT)


@dataclasses.dataclass(frozen=True, eq=False)
class System:
    """A row of the tables.

    *run* takes a coroutine function and returns its result. *environment* names the Python
    environment it wants: "default", or "pygobject", the one with a PyGObject from the index.
    """

    name: str
    run: Callable
    label: str = ''
    is_guest: bool = True
    is_ours: bool = False
    environment: str = 'default'
    variables: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: Module and distribution, for its version.
    distribution: str = ''
    flavour: str = 'asyncio'
    #: Measured in every round, as aims relate to it; the others in the first few.
    every_round: bool = False

    @property
    def tick(self):
        return self.variables.get('AIOGUEST_TICK')

    @property
    def poll_mode(self):
        return self.variables.get('AIOGUEST_POLL_MODE')


def _run_asyncio(main):
    return asyncio.run(main())


@functools.cache
def import_aioguest():
    """The namespace; its version is asked for once, because that takes a tenth of a run."""
    import gi

    gi.require_version('AioGuest', '1.0')
    from gi.repository import AioGuest

    return AioGuest


def _run_aioguest(main):
    from gi.repository import GLib

    AioGuest = import_aioguest()
    main_loop = GLib.MainLoop()
    task = AioGuest.start(main(), done_callback=lambda task: main_loop.quit())
    main_loop.run()
    return task.result()


def _run_event_loop(main):
    AioGuest = import_aioguest()
    with asyncio.Runner(loop_factory=AioGuest.EventLoop) as runner:
        return runner.run(main())


def _run_loop(loop, main):
    """For loops whose own run_until_complete() iterates the main context."""
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _run_gi_events(main):
    from gi.events import GLibEventLoop
    from gi.repository import GLib

    return _run_loop(GLibEventLoop(GLib.MainContext.default()), main)


def _run_gbulb(main):
    import gbulb
    from gi.repository import GLib

    gbulb.install()
    return _run_loop(gbulb.GLibEventLoop(context=GLib.MainContext.default()), main)


def _run_asyncio_glib(main):
    import asyncio_glib

    return _run_loop(asyncio_glib.GLibEventLoop(), main)


def _host_functions():
    """What trio.lowlevel.start_guest_run() and its like ask for, for GLib."""
    from gi.repository import GLib

    main_loop = GLib.MainLoop()
    outcomes = []

    def run_sync_soon(function):
        def call():
            function()
            return GLib.SOURCE_REMOVE

        GLib.idle_add(call, priority=GLib.PRIORITY_DEFAULT)

    def done(outcome):
        outcomes.append(outcome)
        main_loop.quit()

    return main_loop, outcomes, run_sync_soon, done


def _run_aioguest_peer(main):
    import aioguest

    main_loop, outcomes, run_sync_soon, done = _host_functions()
    aioguest.start_guest_run(
        main(), run_sync_soon_threadsafe=run_sync_soon, done_callback=done
    )
    if not outcomes:
        main_loop.run()
    outcome = outcomes[0]
    return outcome.result() if hasattr(outcome, 'result') else outcome.unwrap()


def _run_trio(main):
    import trio

    main_loop, outcomes, run_sync_soon, done = _host_functions()
    # PyGObject's MainLoop.run() has the wakeup descriptor, and puts back what it found.
    trio.lowlevel.start_guest_run(
        main, run_sync_soon_threadsafe=run_sync_soon, done_callback=done,
        host_uses_signal_set_wakeup_fd=True,
    )
    if not outcomes:
        main_loop.run()
    return outcomes[0].unwrap()


def _run_uvloop(main):
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


def _ours(name, tick, poll_mode, **more):
    variables = {'AIOGUEST_TICK': tick, 'AIOGUEST_POLL_MODE': poll_mode}
    return System(
        name, _run_aioguest, label=f'**AioGuest**, {tick} tick, {poll_mode}', is_ours=True,
        variables=variables, **more,
    )


SYSTEMS = (
    System(BASELINE, _run_asyncio, label='asyncio alone', is_guest=False, every_round=True),
    _ours(OURS, 'native', 'direct', every_round=True),
    _ours('aioguest-native-thread', 'native', 'thread'),
    _ours('aioguest-stock-direct', 'stock', 'direct'),
    _ours('aioguest-stock-thread', 'stock', 'thread'),
    System(
        'aioguest-eventloop', _run_event_loop, label='**AioGuest**.EventLoop in a Runner',
        is_ours=True, variables={'AIOGUEST_TICK': 'native', 'AIOGUEST_POLL_MODE': 'direct'},
    ),
    System('gi.events', _run_gi_events, label='gi.events', distribution='PyGObject'),
    System(
        'gi.events-newer', _run_gi_events, label='gi.events, newer PyGObject',
        distribution='PyGObject', environment='pygobject',
    ),
    System('gbulb', _run_gbulb, label='gbulb', distribution='gbulb'),
    System(
        'gbulb-newer', _run_gbulb, label='gbulb, newer PyGObject', distribution='gbulb',
        environment='pygobject',
    ),
    System('asyncio-glib', _run_asyncio_glib, label='asyncio-glib', distribution='asyncio-glib'),
    System(
        'aioguest-pypi', _run_aioguest_peer, label='aioguest (PyPI) on GLib',
        distribution='aioguest',
    ),
    System(
        'uvloop', _run_uvloop, label='uvloop alone', is_guest=False, distribution='uvloop',
        every_round=True,
    ),
    System(
        'trio', _run_trio, label='Trio, guest mode on GLib', distribution='trio', flavour='trio',
    ),
)


def find_system(name):
    for system in SYSTEMS:
        if system.name == name:
            return system
    raise LookupError(f'no system {name!r}')
