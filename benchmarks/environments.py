# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a measured process finds in its environment: how large it is, and malloc's thresholds.

asyncio's transports ask for 256 KiB at each read. Whether malloc maps that memory, and gives it back
after the read, depends on its thresholds and on what lies where in the heap, which the size of the
environment shifts. A program meets one such layout by chance; the benchmarks meet eight.
"""

__all__ = ['DEFAULTS', 'PADDINGS', 'RAISED', 'VARIANTS', 'padding_of', 'variables']

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

#: Bytes by which the environments are larger than the one that the driver has.
PADDINGS = (0, 300, 1100, 2900, 7000, 16_000, 37_000, 90_000)


def padding_of(repetition):
    """The padding of a round; they count from 1."""
    return PADDINGS[(repetition - 1) % len(PADDINGS)]


def variables(variant, repetition):
    """The variables that a process of this variant and round gets."""
    return VARIANTS[variant] | {'AIOGUEST_BENCHMARK_PADDING': 'x' * padding_of(repetition)}
