# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Cases that read from sockets or pipes: the figures and aims that they share."""

from cases import Aim, Case
from environments import RAISED

__all__ = ['reading_case', 'steady']

_COUNTS = ('faults', 'calls', 'maps')


def steady(*aims):
    """The aims for the figures of a case that must be as fast in every environment."""
    return {
        'rate': (*aims, Aim('spread', '>=', 0.85), Aim('ratio', '>=', 1.05, variant=RAISED)),
        'faults': Aim('worst', '<', 0.01),
        'maps': Aim('worst', '<', 0.01),
    }


def reading_case(name, measure, *, of='message', unit=None, better=None, **more):
    """A :class:`Case`; *of* says what an operation is.

    The figures: *rate*; *faults*, page faults per operation; *calls*, system calls per operation;
    *maps*, those of them that map memory or give it back.
    """
    return Case(
        name,
        unit={'rate': '1/s', **dict.fromkeys(_COUNTS, f'per {of}'), **(unit or {})},
        better={'rate': 'higher', **dict.fromkeys(_COUNTS, 'lower'), **(better or {})},
        measure=measure,
        without_ratio=frozenset(_COUNTS),
        reads=True,
        **more,
    )
