# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""end.py HOW: says who it is, and ends."""

import atexit
import os
import signal
import sys

atexit.register(print, "atexit")
print(__name__, os.path.basename(__file__), flush=True)

if sys.argv[1] == "exits":
    sys.exit(7)
if sys.argv[1] == "raises":
    raise LookupError("raised")
if sys.argv[1] == "is killed":
    signal.raise_signal(signal.SIGKILL)
