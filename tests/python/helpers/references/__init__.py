# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses of everything public, and whether they leak references to Python objects."""

from . import calls, loops, objects, runs
from .growth import check
from .runs import OPTIONS
from .table import USES

__all__ = ["OPTIONS", "USES", "calls", "check", "loops", "objects", "runs"]
