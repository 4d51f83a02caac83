# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""probe.py FD SECONDS: sends bytes to the stream socket FD, which has a host send them back.

Prints the seconds of all the round trips, as JSON. It is a process of its own so that no
interpreter lock has a part in what it sees.
"""

import json
import os
import sys
import time

fd, seconds = int(sys.argv[1]), float(sys.argv[2])
trips = []
end = time.perf_counter() + seconds
while time.perf_counter() < end:
    time.sleep(0.003)
    start = time.perf_counter()
    os.write(fd, b'x')
    os.read(fd, 1)
    trips.append(time.perf_counter() - start)
json.dump(trips, sys.stdout)
