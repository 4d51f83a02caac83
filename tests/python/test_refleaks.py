# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No use of anything public leaks a reference.

The uses are in ``references``; ``references.growth`` tells a leak from a cache.
"""

import asyncio

import gi.overrides.AioGuest as module
import pytest
from gi.repository import AioGuest, GObject

import references
from references import USES


def public(cls, base):
    """What a class has that is public and not its *base*'s."""
    names = set()
    for owner in cls.__mro__[: cls.__mro__.index(base)]:
        names |= {f"{cls.__name__}.{name}" for name in vars(owner) if not name.startswith("_")}
    return names


def test_every_public_name_has_a_use():
    names = {*module.__all__, "Poller", "Pump", "source_new", "error_quark"}
    names |= public(module.EventLoop, asyncio.SelectorEventLoop)
    names |= public(module.signals, object)
    for cls in AioGuest.Run, AioGuest.Poller, AioGuest.Pump:
        names |= public(cls, GObject.Object)
        names |= {f"{cls.__name__}.{pspec.name}" for pspec in cls.list_properties()}
    assert {"EventLoop.call_at", "Run.main_task", "Run.attach", "Run.poll-mode"} <= names
    assert names == {name for names, _ in USES.values() for name in names}


def test_every_option_of_start_has_a_use():
    assert references.OPTIONS.keys() == module.start.__kwdefaults__.keys()


@pytest.mark.parametrize("use", [use for _, use in USES.values()], ids=list(USES))
def test_use(use):
    references.check(use)


def test_what_each_use_keeps_is_told():
    kept = []
    with pytest.raises(AssertionError, match="there is ever more"):
        references.check(lambda: kept.append([]))


def test_what_each_use_keeps_in_a_run_is_told():
    kept = []

    async def use():
        kept.append([])

    with pytest.raises(AssertionError, match="there is ever more"):
        references.check(use)
