# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Executors: run_in_executor() of a function that does nothing, there and back."""

import asyncio

from cases import Aim, Case
from scenarios._rates import total_rate
from scenarios._systems import ONE_OF_EACH

ORDER = 125


def nothing():
    pass


async def round_trips(host, side_by_side, seconds):
    """Calls a second of a function that does nothing, in the default executor."""
    loop = asyncio.get_running_loop()

    async def step():
        await loop.run_in_executor(None, nothing)

    return await total_rate([step] * side_by_side, seconds, alone=False)


def _case(name, **parameters):
    return Case(
        name,
        unit='1/s',
        measure=round_trips,
        parameters={**parameters, 'seconds': 0.25},
        quick={'seconds': 0.15},
        tiny={'seconds': 0.01},
        aim=Aim('ratio', '>=', 0.9),
        systems=ONE_OF_EACH,
        one_core=True,
        rounds=3,
        note='a function that does nothing, in the default executor',
    )


CASES = [
    _case('run_in_executor, one by one', side_by_side=1),
    _case('run_in_executor, ten side by side', side_by_side=10),
]
