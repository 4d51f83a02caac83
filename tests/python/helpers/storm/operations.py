# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The register of operations: what a step may do, how often, and with which random arguments."""

#: By name: (function, weight, how each argument is drawn from a random.Random).
OPERATIONS = {}


def operation(weight, **draws):
    """Register a function of (storm, **arguments), called on the guest's thread outside of any await.

    Whatever it begins holds a ticket until its very end: a run may end as soon as there is none.
    """

    def register(function):
        OPERATIONS[function.__name__] = (function, weight, draws)
        return function

    return register


# Draws.


def number(first, last):
    return lambda choice: choice.randint(first, last)


def seconds(longest):
    """Some of them none at all."""
    return lambda choice: choice.choice([0, choice.random() * longest])


def one_of(*values):
    return lambda choice: choice.choice(values)


def chance(probability):
    return lambda choice: choice.random() < probability


#: From above frames and the guest's to below idle callbacks.
host_priority = one_of(-100, 0, 0, 110, 120, 200, 300)
