# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes the time to standard output, at random moments, until nobody reads it any more."""

import os
import random
import struct
import time

draw = random.Random(1)
try:
    while True:
        time.sleep(draw.uniform(0.001, 0.005))
        os.write(1, struct.pack('q', time.monotonic_ns()))
except BrokenPipeError:
    pass
