# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Private parts of other packages that the Python side uses: one module for each package.

The private parts that the C side uses are in ``_core/probe.c``. All code here checks what exists,
never a version number, and has a fallback.
"""
