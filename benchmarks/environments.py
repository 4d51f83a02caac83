# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a measured process finds: an environment and a program of some size, and malloc's thresholds.

asyncio's transports ask for 256 KiB at each read. Whether malloc maps that memory, and gives it back
after the read, depends on its thresholds and on what lies where in the heap. That is shifted by the
size of the environment, and by what Python needed to compile the main program, which it does at each
start, other than with modules. A program meets one such layout by chance; the benchmarks meet eight.
"""

import os

__all__ = [
    'DEFAULTS', 'PADDINGS', 'RAISED', 'VARIANTS', 'compile_program', 'padding_of', 'variables',
]

#: malloc as it is, as users run.
DEFAULTS = 'defaults'
#: malloc neither maps nor gives back what a read asks for.
RAISED = 'raised thresholds'

#: Variables of each variant.
VARIANTS = {
    DEFAULTS: {},
    RAISED: {
        'MALLOC_MMAP_THRESHOLD_': str(8 * 2**20),
        'MALLOC_TRIM_THRESHOLD_': str(16 * 2**20),
        'MALLOC_TOP_PAD_': str(2**20),
    },
}

_PADDING = 'AIOGUEST_BENCHMARK_PADDING'
_LINE = 'x = [1, y]\n'

#: Bytes by which the environments are larger than the one that the driver has, and the size of the
#: program. In Python 3.11 to 3.14 a program of 16,000 leaves a gap in the heap that the reads fit in; in
#: this order the first few rounds have some of both kinds.
PADDINGS = (0, 16_000, 1100, 90_000, 2900, 37_000, 300, 7000)


def padding_of(repetition):
    """The padding of a round; they count from 1."""
    return PADDINGS[(repetition - 1) % len(PADDINGS)]


def variables(variant, repetition):
    """The variables that a process of this variant and round gets."""
    return VARIANTS[variant] | {_PADDING: 'x' * padding_of(repetition)}


def compile_program():
    """Compile a program of the size that this process is to have, as Python does with a user's."""
    compile(_LINE * (len(os.environ.get(_PADDING, '')) // len(_LINE)), 'program', 'exec')
