# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Seeded storms over all that a guest run has to bear at the same time.

A plan (`plan`) is made from a seed before anything runs, so that timing has no say in it. A run
of it (`runs`) has its steps done at the sites that are planned: in a task, a callback of asyncio,
a callback of the host. What a step does is an operation (`callbacks`, `tasks`, `descriptors`,
`hosts`, `nestings`, `threads`, `signals`, `settings`). A ledger (`ledger`) knows what must happen,
and a footprint (`footprint`) what must be gone afterwards.
"""
