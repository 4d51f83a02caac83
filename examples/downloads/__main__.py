# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""``python3 -m downloads``; examples/run.sh calls it with everything set up."""

import sys

from .options import parse

if __name__ == '__main__':
    # Before GTK is imported: --help and a wrong option need no display.
    options = parse(sys.argv[1:])

    from .app import Application

    try:
        sys.exit(Application(options).main())
    except KeyboardInterrupt:
        # Everything has been tidied up, a traceback would say nothing more.
        sys.exit(130)
