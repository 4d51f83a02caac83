# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lines written at once, for one read, and one more after a signal."""

import os
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
os.write(1, b"first\nsecond\nthird\n")
signal.sigwait([signal.SIGUSR1])
os.write(1, b"last\n")
