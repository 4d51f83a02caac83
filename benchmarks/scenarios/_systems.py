# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The systems of cases that take long: one row of each kind, and of AioGuest where it tells."""

#: One of each kind.
ONE_OF_EACH = (
    'asyncio', 'aioguest-native-direct', 'gi.events', 'gbulb', 'gbulb-newer', 'asyncio-glib',
    'aioguest-pypi', 'uvloop',
)
#: The other poll mode, the other tick, and the loop that iterates the main context itself as well.
MORE_OF_OURS = (
    *ONE_OF_EACH, 'aioguest-native-thread', 'aioguest-stock-direct', 'aioguest-eventloop',
)
