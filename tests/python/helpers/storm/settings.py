# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What of a run may be changed, or asked for, while it is going on."""

from gi.repository import AioGuest

from .operations import number, one_of, operation


@operation(2, microseconds=one_of(1, 100, 1000, 5000, 20_000))
def set_slice(storm, microseconds):
    AioGuest.get_run().props.slice = microseconds


@operation(1, microseconds=number(2000, 20_000))
def set_period(storm, microseconds):
    AioGuest.get_run().props.period = microseconds


@operation(2, priority=one_of(-100, 0, 0, 110, 200, 250))
def set_priority(storm, priority):
    AioGuest.get_run().props.priority = priority


@operation(1)
def describe(storm):
    look_at_description(storm)


@operation(1)
def describe_from_thread(storm):
    storm.start_thread(lambda: look_at_description(storm))


def look_at_description(storm):
    text = AioGuest.describe()
    if "going on in this process" not in text:
        storm.ledger.object(f"describe() says {text!r}")
