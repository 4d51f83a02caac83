# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the Python side needs of the private parts of others: a module for each package.

The C side has its own such place, ``_core/probe.c``. Everything here looks at what there is, never
at a version number, and has something to fall back on.
"""
