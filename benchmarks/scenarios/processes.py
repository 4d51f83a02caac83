# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Processes: how many can be started and waited for."""

import asyncio
import shutil
import subprocess

from cases import Aim, Case
from scenarios._rates import rate
from scenarios._systems import ONE_OF_EACH

ORDER = 120

TRUE = shutil.which('true')
ECHO = shutil.which('echo')


async def spawn(host, seconds):
    """Processes a second that are started and end."""

    async def step():
        process = await asyncio.create_subprocess_exec(TRUE)
        await process.wait()

    return await rate(step, seconds, alone=False)


async def communicate(host, seconds):
    """Processes a second whose output is read."""

    async def step():
        process = await asyncio.create_subprocess_exec(ECHO, 'x', stdout=subprocess.PIPE)
        output, _ = await process.communicate()
        assert output == b'x\n'

    return await rate(step, seconds, alone=False)


def _case(name, measure, note):
    return Case(
        name,
        unit='1/s',
        measure=measure,
        parameters={'seconds': 0.25},
        quick={'seconds': 0.15},
        tiny={'seconds': 0.01},
        aim=Aim('ratio', '>=', 1.0),
        systems=ONE_OF_EACH,
        limit=6.0,
        rounds=3,
        note=note,
    )


CASES = [
    _case('processes', spawn, '`true`, one after the other'),
    _case('processes with their output', communicate, '`echo`, read from a pipe'),
]
